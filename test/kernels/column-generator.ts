import type { ColumnArray } from '../../src/kernels/types.js'
import { seededRandom } from './implementations.js'

/** Numbers at which one representation ends and another begins. */
const EDGES = [0, 1, 2, 15, 16, 24, 29, 30, 31, 32, 33, 48, 51, 52, 53, 62, 63].map((bits) => 1n << BigInt(bits))
const SPECIALS = [
  ...[0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308],
  ...[1.17549435e-38, 1e-45, 3.4028234663852886e38, 1e13, 1e-13, 9999999999999, 1e22, 0.1, 0.30000000000000004],
]
const QUANTA = [0.002395, 0.0011971008, 0.0390625, 1 / 16384, 9.80665 / 4096, 0.01, 0.1, 1 / 3, Math.PI / 180]
const FACTORS = [9.80665, 9.81, 57.29577951308232, 0.017453292519943295]
const LENGTHS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 31, 33, 64, 100, 127, 128, 129, 131, 255, 257, 600, 1023, 1024, 1025,
]
const LONG_LENGTHS = [1027, 1030, 2047, 2049, 3000]

interface Source {
  /** In 0 … n − 1. */
  below(n: number): number
  chance(share: number): boolean
  pick<T>(from: readonly T[]): T
  /** Around 0, mostly within ±2. */
  bell(): number
  bits64(): bigint
}

function sourceOf(seed: number): Source {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const bits32 = (): bigint => BigInt(below(2 ** 32))
  return {
    below,
    chance: (share) => random() < share,
    pick: (from) => from[below(from.length)],
    bell: () => random() + random() + random() + random() - 2,
    bits64: () => BigInt.asIntN(64, (bits32() << 32n) | bits32()),
  }
}

function edge(source: Source): bigint {
  return source.pick(EDGES) * (source.chance(0.5) ? 1n : -1n) + BigInt(source.below(3) - 1)
}

/** Integers as clocks, counters, codes and converters give them, and as nobody does. */
function integers(source: Source, count: number): bigint[] {
  const kind = source.below(14)
  const base = source.chance(0.4) ? edge(source) : source.bits64() >> BigInt(source.below(64))
  const step = source.chance(0.3) ? edge(source) : source.bits64() >> BigInt(20 + source.below(44))
  const noise = 2 ** source.below(source.chance(0.2) ? 62 : 14)
  const unit = source.chance(0.5) ? BigInt(source.pick([2, 3, 7, 10, 100, 5000, 100_000, 30517, 65536, 2 ** 31])) : 1n
  const few = Array.from(
    { length: 1 + source.below(40) },
    () => base + BigInt(Math.trunc(source.bell() * noise)) * unit,
  )
  const jitter = (): bigint => BigInt(Math.trunc(source.bell() * noise)) * unit
  let value = base
  let slope = step
  return Array.from({ length: count }, (_, index) => {
    const at = BigInt(index)
    if (kind === 0) value = base + step * at + jitter()
    else if (kind === 1) value += step + jitter()
    else if (kind === 2) value = source.pick(few)
    else if (kind === 3) value = source.chance(0.1) ? base + jitter() : value
    else if (kind === 4) value = source.bits64()
    else if (kind === 5) value = base + (source.chance(0.02) ? source.bits64() : jitter())
    else if (kind === 6) value += step + (source.chance(0.03) ? edge(source) : BigInt(source.below(5)) * unit)
    else if (kind === 7) value += slope += jitter()
    else if (kind === 8) value = base + step * (at % 13n)
    else if (kind === 9) value = at % 2n === 0n ? base : base + step
    else if (kind === 10) value = edge(source)
    else if (kind === 11) value = base
    else if (kind === 12) value = base + at * at * step
    else value += (source.chance(0.5) ? 1n : -1n) << 31n
    value = BigInt.asIntN(64, value)
    return value
  })
}

/** Doubles as sensors, text files and drivers give them, and as nobody does. */
function doubles(source: Source, count: number): Float64Array {
  const kind = source.below(17)
  const counts = source.chance(0.4) ? integers(source, count).map(Number) : undefined
  const amplitude = 10 ** source.below(6)
  const quantum = source.chance(0.5) ? source.pick(QUANTA) : 10 ** (source.below(24) - 12) * (1 + source.bell() / 8)
  const factor = source.pick(FACTORS)
  const power = 10 ** source.below(18)
  const few = Array.from({ length: 1 + source.below(30) }, () => source.bell() * 10 ** (source.below(20) - 10))
  let walk = 0
  const values = Float64Array.from({ length: count }, (_, index) => {
    walk += source.bell()
    const k = counts ? counts[index] : Math.round(walk * amplitude)
    if (kind === 0) return k * quantum
    if (kind === 1) return Math.fround(k * quantum)
    if (kind === 2) return k / power
    if (kind === 3) return Math.fround(k / power)
    if (kind === 4) return Number((walk * 10).toFixed(source.below(4)))
    if (kind === 5) return Math.fround(k * quantum) * factor
    if (kind === 6) return Math.fround(source.bell() * 10) * factor
    if (kind === 7) return Number(Math.fround(source.bell() * 100).toPrecision(10))
    if (kind === 8) return shortest(Math.fround(k * quantum))
    if (kind === 9) return source.bell()
    if (kind === 10) return source.pick(few)
    if (kind === 11) return walk / 100
    if (kind === 12) return Math.fround(walk / 100)
    if (kind === 13) return source.pick(SPECIALS)
    if (kind === 14) return few[0]
    if (kind === 15) return Number(edge(source)) / power
    return index * quantum
  })
  if (source.chance(0.4)) disturb(source, values)
  return values
}

/** The decimals of fewest digits that a 32-bit float is told by. */
function shortest(single: number): number {
  for (let digits = 6; digits <= 9; digits++) {
    const text = Number(single.toPrecision(digits))
    if (Math.fround(text) === single) return text
  }
  return single
}

/** Puts in what a sensor's failures put in. */
function disturb(source: Source, values: Float64Array): void {
  const bits = new BigInt64Array(values.buffer)
  const kind = source.below(5)
  const share = 2 ** -(1 + source.below(8))
  for (let index = 0; index < values.length; index++) {
    if (!source.chance(share)) continue
    if (kind === 0) values[index] = -0
    else if (kind === 1) values[index] = source.pick(SPECIALS)
    else if (kind === 2) bits[index] = source.bits64()
    else if (kind === 3) bits[index] = 0x7ff0000000000000n | (source.bits64() & 0xfffffffffffffn)
    else values[index] = source.bell() * 10 ** (source.below(30) - 15)
  }
}

/** A column of any type, the same for the same seed. */
export function generatedColumn(seed: number): ColumnArray {
  const source = sourceOf(seed)
  const count = source.pick(source.chance(0.06) ? LONG_LENGTHS : LENGTHS)
  const type = source.below(10)
  if (type < 4) return doubles(source, count)
  if (type < 7) return Float32Array.from(doubles(source, count))
  if (type < 8) return Int32Array.from(integers(source, count), (value) => Number(BigInt.asIntN(32, value)))
  return BigInt64Array.from(integers(source, count))
}
