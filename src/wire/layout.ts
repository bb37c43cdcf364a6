/** How a field of a table lies in the buffer; `required` ones must be there. */
export type Field =
  | { kind: 'scalar'; bytes: 1 | 2 | 4 | 8; required?: boolean }
  | { kind: 'struct'; bytes: number; align: number; required?: boolean }
  | { kind: 'string'; required?: boolean }
  | { kind: 'structs'; bytes: number; align: number; required?: boolean }
  | { kind: 'strings'; required?: boolean }
  | { kind: 'tables'; table: Table; required?: boolean }

/** Fields of a table by vtable slot, in the order of chunk.fbs. */
export interface Table {
  name: string
  fields: Field[]
}

const u8: Field = { kind: 'scalar', bytes: 1 }
const u16: Field = { kind: 'scalar', bytes: 2 }
const u32: Field = { kind: 'scalar', bytes: 4 }
const wide: Field = { kind: 'scalar', bytes: 8 }
const text: Field = { kind: 'string' }
const name: Field = { kind: 'string', required: true }
const texts: Field = { kind: 'strings' }
const octets: Field = { kind: 'structs', bytes: 1, align: 1 }

const clock: Field = { kind: 'struct', bytes: 16, align: 8 }
const pairs: Field = { kind: 'structs', bytes: 16, align: 8 }

const PROPERTY: Table = { name: 'Property', fields: [name, text, wide, u8] }
const MARK: Table = {
  name: 'Mark',
  fields: [name, { ...clock, required: true }, { kind: 'tables', table: PROPERTY }],
}
const CHANNEL: Table = {
  name: 'Channel',
  fields: [name, octets, u8, text, octets, texts, texts, u8, wide, text],
}
const STREAM: Table = {
  name: 'Stream',
  fields: [
    name,
    { kind: 'tables', table: CHANNEL, required: true },
    octets,
    wide,
    u32,
    text,
    wide,
    wide,
    u8,
    wide,
    wide,
    pairs,
    wide,
    wide,
    wide,
    wide,
    pairs,
    wide,
    wide,
    u8,
    u8,
  ],
}

/** The root table of chunk.fbs. A test holds this file equal to the schema. */
export const CHUNK: Table = {
  name: 'Chunk',
  fields: [
    { kind: 'struct', bytes: 16, align: 1, required: true },
    wide,
    u32,
    text,
    octets,
    { kind: 'tables', table: STREAM },
    clock,
    octets,
    u8,
    wide,
    u32,
    { kind: 'tables', table: MARK },
    u32,
    u8,
    pairs,
    u16,
    wide,
    wide,
  ],
}
