import { isPlainInteger } from './number-cell.js'

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?$/i
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** Nanoseconds and whether a fraction of a nanosecond had to be rounded. */
export interface ExactTime {
  timestampNs: bigint
  isRounded: boolean
}

/**
 * Decimal text times 10^`scale` as nanoseconds, exactly; below a nanosecond rounded half to even.
 * Undefined when it is no decimal number or outside int64.
 */
export function parseDecimalTime(text: string, scale: number): ExactTime | undefined {
  if (text.length + scale <= 18 && isPlainInteger(text)) {
    return { timestampNs: BigInt(text) * BigInt(10 ** scale), isRounded: false }
  }
  const match = DECIMAL.exec(text)
  if (!match) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match as unknown as [string, string, string, string?, string?]
  const digits = (whole + fraction).replace(/^0+/, '')
  if (whole === '' && fraction === '') return undefined
  if (digits === '') return { timestampNs: 0n, isRounded: false }
  const shift = scale + Number(exponent) - fraction.length
  if (digits.length + shift > 20) return undefined
  let magnitude: bigint
  let isRounded = false
  if (shift >= 0) magnitude = BigInt(digits + '0'.repeat(shift))
  else if (digits.length + shift < 0) {
    magnitude = 0n
    isRounded = true
  } else {
    const kept = digits.slice(0, shift)
    const cut = digits.slice(shift)
    magnitude = kept === '' ? 0n : BigInt(kept)
    isRounded = /[1-9]/.test(cut)
    if (isRounded && roundsUp(cut, magnitude)) magnitude += 1n
  }
  const timestampNs = sign === '-' ? -magnitude : magnitude
  return timestampNs < INT64_MIN || timestampNs > INT64_MAX ? undefined : { timestampNs, isRounded }
}

/** Whether 0.`cut` rounds up: above a half, or a half on top of an odd number. */
export function roundsUp(cut: string, kept: bigint): boolean {
  const first = cut.charCodeAt(0) - 48
  if (first !== 5) return first > 5
  return /[1-9]/.test(cut.slice(1)) || (kept & 1n) === 1n
}
