import { KymographError } from '../../errors.js'
import { type ReadProgress, readText } from './text-source.js'

const LINE_MAX_LENGTH = 1 << 20

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
    for (let i = 0; i < lines.length; i++) lines[i] = withoutReturn(path, lines[i]!, firstLine + i)
    yield { lines, firstLine }
    firstLine += lines.length
  }
  if (rest !== '') yield { lines: [withoutReturn(path, rest, firstLine)], firstLine }
}

/** A line without the CR of a CRLF. A CR elsewhere outside of quotes would be taken for a blank, so it is refused. */
function withoutReturn(path: string, line: string, number: number): string {
  const at = line.indexOf('\r')
  if (at < 0) return line
  if (at < line.length - 1 && !line.includes('"')) {
    throw new KymographError(
      'import-unreadable',
      `${path}, line ${number}: carriage return without line feed at character ${at + 1}; convert the line ends: tr '\\r' '\\n'`,
    )
  }
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Whether a line holds no row: a comment, or nothing but blanks. */
export function isSkipped(line: string): boolean {
  const first = line.charCodeAt(0)
  // '#', '%', '//'
  if (first === 35 || first === 37 || (first === 47 && line.charCodeAt(1) === 47)) return true
  return first > 32 && first < 128 ? false : line.trim() === ''
}
