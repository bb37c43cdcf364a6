// What a user would pick in place of the column codec.
import { gzipSync } from 'node:zlib'
import { compress, init } from '@bokuweb/zstd-wasm'
import protobuf from 'protobufjs'

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)

const PACKED_COLUMN = 'syntax = "proto3"; message Column { repeated sint32 values = 1; }'

/** Encoders by name; each takes a typed array and returns bytes. */
export async function loadPeers() {
  await init()
  const { root } = protobuf.parse(PACKED_COLUMN)
  const Column = root.lookupType('Column')
  return {
    zstd3: (values) => compress(bytesOf(values), 3),
    gzip6: (values) => gzipSync(bytesOf(values), { level: 6 }),
    /** Takes an Int32Array. */
    packedSint32: (values) => Column.encode({ values }).finish(),
  }
}
