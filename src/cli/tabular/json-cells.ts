import { isLosslessNumber, parse, stringify } from 'lossless-json'

/** What a cell of a row is. A table's cell says it by its text, a JSON value by its syntax. */
export const CELL_ABSENT = 0
export const CELL_NUMBER = 1
export const CELL_TEXT = 2
export const CELL_BOOLEAN = 3

/**
 * Flattens a line of NDJSON: nested objects to `outer.inner`, arrays to their JSON text, numbers to their digits.
 * `take` gets one call per value that is there; null is absent.
 *
 * @throws SyntaxError when the line is no JSON object.
 */
export function flattenJson(line: string, take: (name: string, text: string, kind: number) => void): void {
  const value = parse(line)
  if (!isObject(value)) throw new SyntaxError('it is no object')
  flatten(value, '', take)
}

function flatten(
  value: Record<string, unknown>,
  prefix: string,
  take: (name: string, text: string, kind: number) => void,
): void {
  for (const key of Object.keys(value)) {
    const inner = value[key]
    const name = prefix + key
    if (inner === null || inner === undefined) continue
    if (typeof inner === 'string') take(name, inner, CELL_TEXT)
    else if (typeof inner === 'boolean') take(name, String(inner), CELL_BOOLEAN)
    else if (isLosslessNumber(inner)) take(name, inner.value, CELL_NUMBER)
    else if (Array.isArray(inner)) take(name, stringify(inner) ?? '', CELL_TEXT)
    else flatten(inner as Record<string, unknown>, `${name}.`, take)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value)
}
