// Reads binary schemas (.bfbs): tables, structs and fields as plain objects.
import { ByteBuffer } from 'flatbuffers'

// reflection.fbs of the pinned compiler: places of the fields we read, and its base types
const SCHEMA = { objects: 0, rootTable: 4 }
const OBJECT = { name: 0, fields: 1, isStruct: 2, minalign: 3, bytesize: 4 }
const FIELD = { name: 0, type: 1, id: 2, required: 7 }
const TYPE = { baseType: 0, element: 1, index: 2 }
const STRING = 13
const VECTOR = 14
const OBJ = 15
const SCALAR_BYTES = { 1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2, 7: 4, 8: 4, 9: 8, 10: 8, 11: 4, 12: 8 }

/**
 * The objects of a schema by name. Each field is { name, required, kind } with kind `scalar` { bytes }, `struct` or
 * `table` { object }, `string`, or `vector` { of }, fields of a table in the order of their ids.
 */
export function readSchema(bytes) {
  const buffer = new ByteBuffer(bytes)
  const root = new Table(buffer, buffer.readInt32(0))
  const objects = root.tables(SCHEMA.objects).map((object) => ({
    table: object,
    name: object.text(OBJECT.name),
    isStruct: object.byte(OBJECT.isStruct) === 1,
    align: object.int(OBJECT.minalign),
    bytes: object.int(OBJECT.bytesize),
  }))
  for (const object of objects) {
    object.fields = object.table
      .tables(OBJECT.fields)
      .map((field) => ({
        id: field.short(FIELD.id),
        name: field.text(FIELD.name),
        required: field.byte(FIELD.required) === 1,
        ...typeOf(field.tableAt(FIELD.type), objects),
      }))
      .sort((a, b) => a.id - b.id)
    delete object.table
  }
  const rootName = root.tableAt(SCHEMA.rootTable).text(OBJECT.name)
  return { objects, root: objects.find(({ name }) => name === rootName) }
}

function typeOf(type, objects) {
  const kindOf = (base) => {
    if (base === STRING) return { kind: 'string' }
    if (base === OBJ) {
      const object = objects[type.int(TYPE.index)]
      return { kind: object.isStruct ? 'struct' : 'table', object }
    }
    if (base in SCALAR_BYTES) return { kind: 'scalar', bytes: SCALAR_BYTES[base] }
    throw new Error(`a field of base type ${base} is none this generator knows`)
  }
  const base = type.byte(TYPE.baseType)
  // an array's fields lie in a struct, which is taken as a whole
  if (base === 17) return { kind: 'array' }
  return base === VECTOR ? { kind: 'vector', of: kindOf(type.byte(TYPE.element)) } : kindOf(base)
}

class Table {
  #buffer
  #position

  constructor(buffer, position) {
    this.#buffer = buffer
    this.#position = position
  }

  byte(slot) {
    return this.#read(slot, (at) => this.#buffer.readUint8(at))
  }

  short(slot) {
    return this.#read(slot, (at) => this.#buffer.readUint16(at))
  }

  int(slot) {
    return this.#read(slot, (at) => this.#buffer.readInt32(at))
  }

  text(slot) {
    return this.#read(slot, (at) => this.#buffer.__string(at))
  }

  tableAt(slot) {
    return this.#read(slot, (at) => new Table(this.#buffer, this.#buffer.__indirect(at)))
  }

  tables(slot) {
    const vector = this.#read(slot, (at) => this.#buffer.__indirect(at))
    return Array.from({ length: this.#buffer.readInt32(vector) }, (_, i) => {
      return new Table(this.#buffer, this.#buffer.__indirect(vector + 4 + 4 * i))
    })
  }

  #read(slot, read) {
    const offset = this.#buffer.__offset(this.#position, 4 + 2 * slot)
    return offset === 0 ? 0 : read(this.#position + offset)
  }
}
