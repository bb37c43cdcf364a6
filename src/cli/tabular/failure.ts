import { type ErrorCode, KymographError } from '../../errors.js'

/** A value as an error message shows it: quoted, cut short. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value)
}

/** An error about one cell: file, line, column and value, what was expected and what helps. */
export function cellError(
  code: ErrorCode,
  place: { path: string; line: number; column: string; value: string },
  expected: string,
  remedy: string,
): KymographError {
  const { path, line, column, value } = place
  return new KymographError(
    code,
    `${path}, line ${line}, column ${quote(column)}: expected ${expected}, got ${quote(value)}; ${remedy}`,
  )
}
