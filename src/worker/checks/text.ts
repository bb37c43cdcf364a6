import { NAME_MAX_LENGTH } from '../../limits.js'

const CONTROL = /\p{Cc}/u

/**
 * A text in the one form the library keeps: NFC, well-formed, without control characters, of bounded length.
 *
 * @throws TypeError when it is no string; RangeError naming field, limit and value otherwise.
 */
export function normalizeText(field: string, value: unknown, maxLength: number, minLength = 1): string {
  if (typeof value !== 'string') throw new TypeError(`"${field}" expected a string, got ${describe(value)}`)
  if (!isWellFormed(value)) {
    throw new RangeError(`"${field}" expected well-formed Unicode, got a lone surrogate in ${describe(value)}`)
  }
  const text = value.normalize('NFC')
  const control = CONTROL.exec(text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw new RangeError(
      `"${field}" expected no control characters, got U+${code} at ${control.index} in ${describe(value)}`,
    )
  }
  if (text.length < minLength || text.length > maxLength) {
    throw new RangeError(
      `"${field}" expected ${minLength}–${maxLength} characters, got ${text.length}: ${describe(text)}`,
    )
  }
  return text
}

/** Whether a string has no lone surrogate; `String.prototype.isWellFormed` is not everywhere yet. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}

/** A value as an error message shows it: quoted, cut short. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  const isPlain = value === null || (typeof value !== 'object' && typeof value !== 'function')
  return isPlain ? String(value) : Object.prototype.toString.call(value).slice(8, -1)
}

/** What a thrown value says, error or not. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/**
 * Refuses what is no object, and fields nobody knows: a misspelt option must not be ignored in silence.
 *
 * @throws TypeError naming what was given, or the field and the known ones.
 */
export function refuseUnknownFields(what: string, given: unknown, known: readonly string[]): asserts given is object {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`${what} expected an object, got ${describe(given)}`)
  for (const field of Object.keys(given)) {
    if (!known.includes(field)) throw new TypeError(`${what} has no "${field}"; it knows ${known.join(', ')}`)
  }
}

/**
 * The fields an options object has itself, none inherited: a page's polluted `Object.prototype` must not set options.
 * For the same reason the library's own objects have every field, `undefined` where nothing is given.
 */
export function ownFields(given: object): Record<string, unknown> {
  return Object.assign(Object.create(null), given)
}

/** @throws RangeError naming the field, what is allowed and the value; undefined passes. */
export function checkOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string)) {
    throw new RangeError(`"${field}" expected one of ${allowed.join(', ')}, got ${describe(value)}`)
  }
}

const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/

/** @throws TypeError | RangeError naming the field, what a name is and the value. */
export function checkName(field: string, name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`"${field}" expected a string, got ${describe(name)}`)
  if (!NAME.test(name) || name.length > NAME_MAX_LENGTH) {
    throw new RangeError(
      `"${field}" expected 1–${NAME_MAX_LENGTH} characters of A–Z a–z 0–9 _ . - starting with a letter, got ${describe(name)}`,
    )
  }
  return name
}

/** @throws TypeError | RangeError naming the field, the limit and the value; undefined passes. */
export function checkPositive(field: string, value: unknown, max: number): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw new TypeError(`"${field}" expected a number, got ${describe(value)}`)
  if (!(value > 0 && value <= max)) {
    const upTo = max === Number.MAX_VALUE ? '' : ` and ≤ ${max}`
    throw new RangeError(`"${field}" expected > 0${upTo}, got ${value}`)
  }
}
