// Generated from chunk.fbs: the fields of each table by their slot in its vtable.
import type { Field, Table } from '../verify.js'

const STRING_REQUIRED: Field = { kind: 'string', required: true }
const VECTOR_1_1: Field = { kind: 'vector', bytes: 1, align: 1 }
const SCALAR_1: Field = { kind: 'inline', bytes: 1, align: 1 }
const STRING: Field = { kind: 'string' }
const STRINGS: Field = { kind: 'strings' }
const SCALAR_8: Field = { kind: 'inline', bytes: 8, align: 8 }
const SCALAR_4: Field = { kind: 'inline', bytes: 4, align: 4 }
const VECTOR_16_8: Field = { kind: 'vector', bytes: 16, align: 8 }
const STRUCT_16_8_REQUIRED: Field = { kind: 'inline', bytes: 16, align: 8, required: true }
const STRUCT_16_1_REQUIRED: Field = { kind: 'inline', bytes: 16, align: 1, required: true }
const STRUCT_16_8: Field = { kind: 'inline', bytes: 16, align: 8 }
const SCALAR_2: Field = { kind: 'inline', bytes: 2, align: 2 }

const CHANNEL: Table = [
  STRING_REQUIRED, // name
  VECTOR_1_1, // column
  SCALAR_1, // type
  STRING, // unit
  VECTOR_1_1, // validity
  STRINGS, // values
  STRINGS, // dictionary
  SCALAR_1, // kind
  SCALAR_8, // precision
  STRING, // original_name
]

const STREAM: Table = [
  STRING_REQUIRED, // name
  { kind: 'tables', table: CHANNEL, required: true }, // channels
  VECTOR_1_1, // time
  SCALAR_8, // first_frame
  SCALAR_4, // frame_count
  STRING, // unit
  SCALAR_8, // coded_bytes
  SCALAR_8, // effective_rate_hz
  SCALAR_1, // clock
  SCALAR_8, // ingested_less_produced
  SCALAR_8, // pending
  VECTOR_16_8, // lost
  SCALAR_8, // invalid_values
  SCALAR_8, // repeated_timestamps
  SCALAR_8, // backward_timestamps
  SCALAR_8, // gap_count
  VECTOR_16_8, // gaps
  SCALAR_8, // rate_hz
  SCALAR_8, // resampled_hz
  SCALAR_1, // resample_method
  SCALAR_1, // resample_quality
]

const PROPERTY: Table = [
  STRING_REQUIRED, // key
  STRING, // text
  SCALAR_8, // number
  SCALAR_1, // flag
]

const MARK: Table = [
  STRING_REQUIRED, // name
  STRUCT_16_8_REQUIRED, // clock
  { kind: 'tables', table: PROPERTY }, // properties
]

export const CHUNK: Table = [
  STRUCT_16_1_REQUIRED, // session_id
  SCALAR_8, // started_at_ns
  SCALAR_4, // seq
  STRING, // journey_id
  VECTOR_1_1, // labels
  { kind: 'tables', table: STREAM }, // streams
  STRUCT_16_8, // clock
  VECTOR_1_1, // metadata
  SCALAR_1, // final
  SCALAR_8, // ended_less_clock_ns
  SCALAR_4, // labels_revision
  { kind: 'tables', table: MARK }, // marks
  SCALAR_4, // epoch
  SCALAR_1, // amendment
  VECTOR_16_8, // earlier_clocks
  SCALAR_2, // format_version
  SCALAR_8, // required_features
  SCALAR_8, // tail_ns
]
