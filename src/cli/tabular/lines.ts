import { KymographError } from '../../errors.js'
import { type ReadProgress, readText } from './text-source.js'

const LINE_MAX_LENGTH = 1 << 24

/** Consecutive lines without their line ends; `firstLine` counts from 1. */
export interface LineBlock {
  lines: string[]
  firstLine: number
}

/** The lines of a file, LF or CRLF. */
export async function* readLines(path: string, onProgress?: ReadProgress): AsyncGenerator<LineBlock, void, undefined> {
  let rest = ''
  let firstLine = 1
  for await (const piece of readText(path, onProgress)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    if (rest.length > LINE_MAX_LENGTH) {
      throw new KymographError(
        'import-unreadable',
        `${path}, line ${firstLine + lines.length}: expected at most ${LINE_MAX_LENGTH} characters; is it a text table?`,
      )
    }
    if (lines.length === 0) continue
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!
      if (line.charCodeAt(line.length - 1) === 13) lines[i] = line.slice(0, -1)
    }
    yield { lines, firstLine }
    firstLine += lines.length
  }
  if (rest !== '') yield { lines: [rest.endsWith('\r') ? rest.slice(0, -1) : rest], firstLine }
}

/** Whether a line holds no row: a comment, or nothing but blanks. */
export function isSkipped(line: string): boolean {
  const first = line.charCodeAt(0)
  // '#', '%', '//'
  if (first === 35 || first === 37 || (first === 47 && line.charCodeAt(1) === 47)) return true
  return first > 32 && first < 128 ? false : line.trim() === ''
}
