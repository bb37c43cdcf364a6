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
  const quick = quickShortest(float)
  if (quick !== undefined) return quick
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

const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const FRACTIONS_OF_TEN = Array.from({ length: 7 }, (_, exponent) => Number(`1e-${exponent}`))

/**
 * The same by arithmetic, five times as fast (measured), for the usual range: a count of up to 9 digits divided by an
 * exact power of ten is the correctly rounded decimal. Undefined where it takes more care: ties, powers of two.
 */
function quickShortest(float: number): number | undefined {
  const magnitude = Math.abs(float)
  if (!(magnitude >= 1e-5 && magnitude < 1e7) || isPowerOfTwo(float)) return undefined
  let exponent = Math.floor(Math.log10(magnitude))
  if (exponent < 0 ? magnitude < FRACTIONS_OF_TEN[-exponent]! : magnitude < POWERS_OF_TEN[exponent]!) exponent--
  for (let digits = 6; digits <= 9; digits++) {
    const places = digits - 1 - exponent
    const power = POWERS_OF_TEN[Math.abs(places)]!
    const scaled = places < 0 ? float / power : float * power
    const count = Math.round(scaled)
    if (Math.abs(Math.abs(scaled - count) - 0.5) < 1e-5) return undefined
    const decimal = places < 0 ? count * power : count / power
    if (Math.fround(decimal) === float) return decimal
  }
  return undefined
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

/**
 * A text as a cell of a CSV row, quoted where RFC 4180 asks for it, where a reader would trim or skip it otherwise, and
 * when it is empty: an empty cell without quotes is an absent value.
 */
export function csvCell(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$|^[#%]|^\/\//.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
