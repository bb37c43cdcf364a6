import { readdirSync, readFileSync } from 'node:fs'
import { readFrames } from '../../src/read/index.js'

/** Frames of all files in a folder whose checksums hold: what is damaged on its surface is not made worse. */
export function corpusFrames(folder: string): Uint8Array[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.kymo'))
    .sort()
    .flatMap((name) => [...readFrames(readFileSync(`${folder}/${name}`))])
    .flatMap((item) => (item.kind === 'frame' && item.payload.length > 0 ? [Uint8Array.from(item.bytes)] : []))
}
