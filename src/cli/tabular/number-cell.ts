import { shortestOfF32 } from '../../export/value-text.js'

const SPECIAL = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i
const DECIMAL = /^[+-]?(\d*)(?:\.(\d*))?(?:e[+-]?\d+)?$/i
/** Number.toExponential() gives no more. */
const EXPONENTIAL_MAX_DIGITS = 101
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** The number a cell says, nearest double; NaN and infinities by their usual names. Undefined when it is none. */
export function numberOf(cell: string): number | undefined {
  const first = cell.charCodeAt(0)
  // Number() takes blanks, 0x, 0b and 0o as well
  if (!(first > 32)) return undefined
  const value = Number(cell)
  if (!Number.isNaN(value)) {
    return first === 48 && cell.charCodeAt(1) > 64 && (cell.charCodeAt(1) | 32) !== 101 ? undefined : value
  }
  const special = SPECIAL.exec(cell)
  if (!special) return undefined
  if (special[2]) return Number.NaN
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Digits after at most a minus, no leading zeros, no minus zero: its text is fully told by the integer. */
export function isPlainInteger(cell: string): boolean {
  let at = cell.charCodeAt(0) === 45 ? 1 : 0
  if (cell.charCodeAt(at) === 48) return cell.length === 1
  if (at === cell.length) return false
  for (; at < cell.length; at++) {
    const code = cell.charCodeAt(at)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** Whether a plain integer fits 64 bits. */
export function fitsInt64(cell: string): boolean {
  if (cell.length < 19) return true
  if (cell.length > 20) return false
  const value = BigInt(cell)
  return value >= INT64_MIN && value <= INT64_MAX
}

/** Whether the double is the plain integer. */
export function isExactInteger(cell: string, value: number): boolean {
  return cell.length <= 15 || (Number.isFinite(value) && BigInt(cell) === BigInt(value))
}

/** Whether the double says every digit of a finite number's text; longer or larger ones are the nearest double. */
export function isKeptByF64(cell: string, value: number): boolean {
  // 15 digits always come back, unless the exponent is extreme
  if (cell.length <= 15 && Math.abs(value) >= 1e-15 && Math.abs(value) < 1e15) return true
  if (String(value) === cell) return true
  const match = DECIMAL.exec(cell)
  if (!match) return true
  const digits = significant(match[1]! + (match[2] ?? ''))
  if (digits === '') return true
  if (value === 0 || !Number.isFinite(value) || digits.length > EXPONENTIAL_MAX_DIGITS) return false
  return significant(value.toExponential(digits.length - 1).replace(/e.*|[-.]/g, '')) === digits
}

/** Digits without the zeros before and behind them. */
function significant(digits: string): string {
  return digits.replace(/^0+|0+$/g, '')
}

/** Whether the number is the shortest decimal of its 32-bit float. */
export function isShortestF32(value: number): boolean {
  const float = Math.fround(value)
  if (!Number.isFinite(value)) return true
  if (!Number.isFinite(float)) return false
  // no such decimal has more than 9 digits: most doubles end here
  if (float !== value && Number(value.toPrecision(9)) !== value) return false
  return shortestOfF32(float) === value
}
