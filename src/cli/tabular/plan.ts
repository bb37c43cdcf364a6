import type { ChannelType, StreamDescriptor } from '../../read/index.js'
import type { TimeUnit } from './time-reader.js'

export type ImportFormat = 'csv' | 'tsv' | 'ndjson'

export interface ImportOptions {
  /** Name of the time column, or its number from 1. */
  timeColumn?: string
  timeUnit?: TimeUnit
  /** Name of the stream; of interleaved streams, what their names begin with. */
  streamName?: string
  /** Whether the first row names the columns; found from the file when left out. */
  header?: boolean
  /** Types by column name, as in the file or as recorded. */
  types?: Record<string, ChannelType>
  onProgress?(bytesRead: number, bytesTotal: number): void
}

export interface ImportStream {
  descriptor: StreamDescriptor
  rows: number
}

/** What a file holds and how {@link readFrames} is to read it. */
export interface ImportPlan {
  path: string
  format: ImportFormat
  delimiter: string
  header: boolean
  rows: number
  streams: ImportStream[]
  /** What had to be decided, for people. */
  notes: string[]
  /** First timestamp, when the clock is `unix`. */
  startedAtNs?: bigint
  /** Where in the rows the streams' values are. */
  source: ImportSource
}

export interface ImportSource {
  /** Inode, size and time of change of the file when it was looked at. */
  version: string
  /** Names of the file's columns. */
  columns: string[]
  timeIndex: number
  timeUnit: TimeUnit
  /** Column whose value says which stream a row belongs to. */
  typeIndex?: number
  /** Like `streams` of the plan: the type column's value, and the column of each channel. */
  streams: { typeValue: string; channelIndexes: number[] }[]
}

/** Frames of one stream; the arrays belong to whoever receives them. */
export interface ImportBatch {
  stream: string
  frameCount: number
  timestampsNs: BigInt64Array
  /** One array of `frameCount` values per channel; what stands for an absent value means nothing. */
  columns: ImportColumn[]
  /** Per channel one byte per frame, 1 = present; undefined when nothing is absent. */
  present: (Uint8Array | undefined)[]
  /** Line of the file each frame begins in, from 1. */
  lines: Float64Array
}

export type ImportColumn = Float64Array | Float32Array | Int32Array | BigInt64Array | string[]
