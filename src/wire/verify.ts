import { KymographError } from '../errors.js'
import { CHUNK_MAX_BYTES } from '../limits.js'
import { CHUNK } from './generated/layout.js'

/** How a field of a table lies in the buffer; `required` ones must be there. */
export type Field =
  /** A scalar or struct, in the table itself. */
  | { kind: 'inline'; bytes: number; align: number; required?: boolean }
  | { kind: 'string'; required?: boolean }
  | { kind: 'strings'; required?: boolean }
  /** Of scalars or structs. */
  | { kind: 'vector'; bytes: number; align: number; required?: boolean }
  | { kind: 'tables'; table: Table; required?: boolean }

/** Fields of a table by vtable slot. */
export type Table = readonly Field[]

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Checks a chunk's FlatBuffer before anything is read from it: bounds, alignment, vtables, required fields, strings
 * (UTF-8, terminated). Bytes reached are counted against the size of the buffer, so that shared or circular offsets
 * cannot blow up the work.
 *
 * bytes: borrowed until return.
 *
 * @throws KymographError `too-large`, `truncated`, `not-kymo`, `malformed`, `ill-formed-text`, with the offset.
 *
 * Source: https://flatbuffers.dev/internals, "Encoding"; the verifier of the C++ library.
 */
export function verifyBuffer(bytes: Uint8Array): void {
  if (bytes.length > CHUNK_MAX_BYTES) {
    throw new KymographError('too-large', `a chunk of ${bytes.length} bytes, the limit is ${CHUNK_MAX_BYTES}`, {
      offset: 0,
    })
  }
  if (bytes.length < 8)
    throw new KymographError('truncated', `a chunk of ${bytes.length} bytes is cut short`, { offset: bytes.length })
  if (bytes[4] !== 0x4b || bytes[5] !== 0x59 || bytes[6] !== 0x4d || bytes[7] !== 0x4f) {
    throw new KymographError('not-kymo', 'the chunk has no "KYMO" identifier', { offset: 4 })
  }
  const verifier = new Verifier(bytes)
  verifier.table(verifier.target(0), CHUNK)
}

class Verifier {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Bytes that may still be reached. */
  #budget: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#budget = bytes.length
  }

  /** Where the offset at `position` leads. */
  target(position: number): number {
    this.#range(position, 4, 4, 'an offset')
    const distance = this.#view.getUint32(position, true)
    if (distance === 0 || position + distance > this.#bytes.length) this.#fail('an offset out of the buffer', position)
    return position + distance
  }

  table(position: number, fields: Table): void {
    const view = this.#view
    this.#range(position, 4, 4, 'a table')
    const vtable = position - view.getInt32(position, true)
    this.#range(vtable, 4, 2, 'a vtable')
    const vtableBytes = view.getUint16(vtable, true)
    const tableBytes = view.getUint16(vtable + 2, true)
    if (vtableBytes < 4 || vtableBytes % 2 !== 0) this.#fail(`a vtable of ${vtableBytes} bytes`, vtable)
    this.#range(vtable, vtableBytes, 2, 'a vtable')
    if (tableBytes < 4) this.#fail(`a table of ${tableBytes} bytes`, vtable + 2)
    this.#range(position, tableBytes, 4, 'a table')
    this.#spend(tableBytes, position)
    for (let slot = 0; slot < fields.length; slot++) {
      const field = fields[slot]!
      const entry = 4 + 2 * slot
      const offset = entry + 2 <= vtableBytes ? view.getUint16(vtable + entry, true) : 0
      if (offset === 0) {
        if (field.required) this.#fail(`required field ${slot} is missing`, position)
        continue
      }
      const byteLength = field.kind === 'inline' ? field.bytes : 4
      if (offset < 4 || offset + byteLength > tableBytes) this.#fail(`field ${slot} outside its table`, vtable + entry)
      this.#field(position + offset, field)
    }
  }

  #field(position: number, field: Field): void {
    switch (field.kind) {
      case 'inline':
        this.#range(position, field.bytes, field.align, 'a field')
        break
      case 'string':
        this.#string(this.target(position))
        break
      case 'vector':
        this.#vector(this.target(position), field.bytes, field.align)
        break
      case 'strings':
        this.#offsets(this.target(position), (target) => this.#string(target))
        break
      case 'tables':
        this.#offsets(this.target(position), (target) => this.table(target, field.table))
        break
    }
  }

  #offsets(position: number, visit: (target: number) => void): void {
    const count = this.#vector(position, 4, 4)
    for (let i = 0; i < count; i++) visit(this.target(position + 4 + 4 * i))
  }

  /** Checks a vector and returns its element count. */
  #vector(position: number, elementBytes: number, align: number): number {
    this.#range(position, 4, 4, 'a vector')
    const count = this.#view.getUint32(position, true)
    const byteLength = count * elementBytes
    if (byteLength > this.#bytes.length - position - 4)
      this.#fail(`a vector of ${count} elements beyond the end`, position)
    if ((position + 4) % align !== 0) this.#fail('a vector out of alignment', position)
    this.#spend(4 + byteLength, position)
    return count
  }

  #string(position: number): void {
    const byteLength = this.#vector(position, 1, 1)
    const start = position + 4
    this.#spend(1, position)
    if (this.#bytes[start + byteLength] !== 0) this.#fail('a string without its terminator', start + byteLength)
    if (this.#isAscii(start, byteLength)) return
    try {
      utf8.decode(this.#bytes.subarray(start, start + byteLength))
    } catch (cause) {
      throw new KymographError('ill-formed-text', `a string at byte ${start} is not UTF-8`, { offset: start, cause })
    }
  }

  /** Most strings are short names: faster than to ask a decoder (measured). */
  #isAscii(start: number, byteLength: number): boolean {
    for (let at = start; at < start + byteLength; at++) if (this.#bytes[at]! > 127) return false
    return true
  }

  #range(position: number, byteLength: number, align: number, what: string): void {
    if (position < 0 || position + byteLength > this.#bytes.length) this.#fail(`${what} beyond the end`, position)
    if (position % align !== 0) this.#fail(`${what} out of alignment`, position)
  }

  #spend(byteLength: number, position: number): void {
    this.#budget -= byteLength
    if (this.#budget < 0) this.#fail('more is reached than the buffer holds: offsets are shared or circular', position)
  }

  #fail(what: string, position: number): never {
    const offset = Math.max(0, Math.min(position, this.#bytes.length))
    throw new KymographError('malformed', `the chunk is damaged: ${what} at byte ${offset}`, { offset })
  }
}
