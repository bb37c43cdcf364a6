/** Shortest decimal that reads back to the same double; `-0` keeps its sign. */
export function formatF64(value: number): string {
  return value === 0 && 1 / value < 0 ? '-0' : String(value)
}

const asFloat = new Float32Array(1)
const asBits = new Uint32Array(asFloat.buffer)

/**
 * Shortest decimal that reads back to the same 32-bit float, as a number: of the decimals with the fewest digits the
 * nearest one, of two equally near ones the even one (as Ryu, Rust and numpy print it). `float` must be exactly representable in 32 bits.
 */
export function shortestOfF32(float: number): number {
  // every finite float has at most 9 digits, and an integer below 2^24 is its own shortest decimal
  if (Number.isInteger(float) && Math.abs(float) < 0x1000000) return float
  if (!Number.isFinite(float)) return float
  for (let digits = digitsBelow(float); digits < 9; digits++) {
    const nearest = Number(float.toPrecision(digits))
    if (Math.fround(nearest) === float) return evenOfTie(float, nearest, digits)
    if (!isPowerOfTwo(float)) continue
    // floats lie half as dense above a power of two as below: the nearest decimal may miss where the next one up hits
    const above = neighbour(float, digits, 1)
    if (Math.fround(above) === float) return above
  }
  return Number(float.toPrecision(9))
}

/** Shortest decimal of a 32-bit float; `-0` keeps its sign. */
export function formatF32(float: number): string {
  return formatF64(shortestOfF32(float))
}

/** Subnormals have fewer digits; normal floats have 6 digits or more only if no shorter decimal hits, so all are tried. */
function digitsBelow(float: number): number {
  // a decimal of 6 digits or fewer that hits a normal float is found at 6 as well: the trailing digits are zeros
  return Math.abs(float) >= 1.1754943508222875e-38 ? 6 : 1
}

function isPowerOfTwo(float: number): boolean {
  asFloat[0] = float
  return (asBits[0]! & 0x7fffff) === 0
}

/** Number.toPrecision() takes the upper one of two equally near decimals; this takes the even one where both hit. */
function evenOfTie(float: number, nearest: number, digits: number): number {
  const exact = String(float)
  // a tie is a float of one digit more, a 5: most have 16 digits and more as a double
  if (exact.length > digits + 10 || !/5(?:e|$)/.test(exact) || nearest === float) return nearest
  if (significantDigits(exact) !== digits + 1 || significantDigits(float.toPrecision(60)) !== digits + 1) return nearest
  const isOdd = /[13579]$/.test(float.toExponential(digits - 1).split('e')[0]!)
  const even = isOdd ? neighbour(float, digits, -1) : nearest
  return Math.fround(even) === float ? even : nearest
}

function significantDigits(decimal: string): number {
  return decimal
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length
}

/** The decimal of that many digits next to the nearest one; `by` 1 is away from zero. */
function neighbour(float: number, digits: number, by: 1 | -1): number {
  const [mantissa, exponent] = Math.abs(float)
    .toExponential(digits - 1)
    .split('e') as [string, string]
  const next = Number(mantissa.replace('.', '')) + by
  return Math.sign(float) * Number(`${next}e${Number(exponent) - digits + 1}`)
}

/** A cell of a CSV row, quoted where RFC 4180 asks for it, and where a reader would trim or skip it otherwise. */
export function csvCell(text: string): string {
  return /[",\r\n]|^\s|\s$|^[#%]|^\/\//.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
