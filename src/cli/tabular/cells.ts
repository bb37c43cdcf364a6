const QUOTE = 34

/**
 * The cells of a row, blanks around them trimmed; quoted cells by RFC 4180 keep theirs. A quote inside an unquoted
 * cell is a character like any other. Undefined when a quoted cell does not end in this text: the row goes on.
 */
export function splitCells(row: string, delimiter: string): string[] | undefined {
  if (!row.includes('"')) {
    const cells = row.split(delimiter)
    for (let i = 0; i < cells.length; i++) cells[i] = trimCell(cells[i]!)
    return cells
  }
  const cells: string[] = []
  for (let at = 0; ; ) {
    const start = skipBlanks(row, at, delimiter)
    let end: number
    if (row.charCodeAt(start) === QUOTE) {
      const closing = closingQuote(row, start + 1)
      if (closing < 0) return undefined
      end = endOfCell(row, closing + 1, delimiter)
      const content = row.slice(start + 1, closing).replaceAll('""', '"')
      // what stands after the closing quote belongs to the cell, too
      cells.push(content + row.slice(closing + 1, end).trimEnd())
    } else {
      end = endOfCell(row, at, delimiter)
      cells.push(trimCell(row.slice(at, end)))
    }
    if (end === row.length) return cells
    at = end + 1
  }
}

function trimCell(cell: string): string {
  const last = cell.charCodeAt(cell.length - 1)
  const first = cell.charCodeAt(0)
  return first > 32 && first < 128 && last > 32 && last < 128 ? cell : cell.trim()
}

function skipBlanks(row: string, from: number, delimiter: string): number {
  let at = from
  while (at < row.length && row.charCodeAt(at) <= 32 && row[at] !== delimiter) at++
  return at
}

function closingQuote(row: string, from: number): number {
  for (let at = row.indexOf('"', from); at >= 0; at = row.indexOf('"', at + 2)) {
    if (row.charCodeAt(at + 1) !== QUOTE) return at
  }
  return -1
}

function endOfCell(row: string, from: number, delimiter: string): number {
  const end = row.indexOf(delimiter, from)
  return end < 0 ? row.length : end
}
