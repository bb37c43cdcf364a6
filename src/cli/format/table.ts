/** Text as it can be shown: control characters, line and direction marks would speak to the terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  )
}

const ASCII = /^[\0-\x7f]*$/
const NUMERIC = /^[+-]?[\d,.]+(e[+-]?\d+)?\s*([%×]|[A-Za-zµ/]{1,10})?$/i

/**
 * Text as an aligned table: columns two blanks apart, those whose cells all are quantities to the right.
 * Ends with a newline; no blanks at line ends.
 */
export function renderTable(header: readonly string[], texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(printable))
  const widths = header.map((title, c) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[c] ?? '')), widthOf(title)),
  )
  const toTheRight = header.map((_, c) => {
    const filled = rows.map((row) => row[c] ?? '').filter((cell) => cell !== '' && cell !== '-' && cell !== '–')
    return filled.length > 0 && filled.every((cell) => NUMERIC.test(cell))
  })
  const line = (cells: readonly string[]) =>
    widths
      .map((width, c) => {
        const cell = cells[c] ?? ''
        const blanks = ' '.repeat(width - widthOf(cell))
        return toTheRight[c] ? blanks + cell : cell + blanks
      })
      .join('  ')
      .trimEnd()
  return [header, ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** Characters, not UTF-16 code units. */
function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : [...text].length
}
