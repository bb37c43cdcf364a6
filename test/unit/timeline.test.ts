import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Timeline } from '../../src/pipeline/timeline.js'
import type { Gap } from '../../src/wire/model.js'

function scan(timesNs: bigint[], cuts: number[] = [], gapMs?: number) {
  const gaps: Gap[] = []
  const timeline = new Timeline(gapMs, (gap) => gaps.push(gap))
  const halves = new Int32Array(BigInt64Array.from(timesNs).buffer)
  const edges = [0, ...cuts.map((cut) => Math.min(cut, timesNs.length)).sort((a, b) => a - b), timesNs.length]
  for (let i = 1; i < edges.length; i++) timeline.scan(halves, edges[i - 1]!, edges[i]! - edges[i - 1]!)
  timeline.finish()
  const { repeated, backward } = timeline
  return { gaps, repeated, backward, rateHz: timeline.effectiveRateHz() }
}

const MS = 1_000_000n

describe('timeline', () => {
  it('reports the rate of a uniform stream', () => {
    expect(scan(Array.from({ length: 200 }, (_, i) => BigInt(i) * 10n * MS)).rateHz).toBeCloseTo(100, 9)
  })

  it('counts repeats and steps back, and keeps them out of the gaps (F6)', () => {
    const times = [0n, 10n, 10n, 20n, 15n, 25n].map((ms) => ms * MS)
    expect(scan(times)).toMatchObject({ repeated: 1, backward: 1, gaps: [] })
  })

  it('finds a gap of an hour, before and after the nominal period is known (F6)', () => {
    for (const at of [5, 100]) {
      const times = Array.from({ length: 150 }, (_, i) => BigInt(i) * 10n * MS + (i > at ? 3_600_000n * MS : 0n))
      const { gaps, rateHz } = scan(times)
      expect(gaps).toEqual([{ startNs: BigInt(at) * 10n * MS, endNs: BigInt(at + 1) * 10n * MS + 3_600_000n * MS }])
      expect(rateHz).toBeCloseTo(100, 6)
    }
  })

  it('is right beyond 2^53 ns and below zero (F6)', () => {
    const start = 2n ** 62n
    const { gaps } = scan([start, start + 10n, start + 20n, start + 30n, start + 1000n])
    expect(gaps).toEqual([{ startNs: start + 30n, endNs: start + 1000n }])
    expect(scan([-30n, -20n, -10n, 0n, 10n]).rateHz).toBeCloseTo(1e8, 0)
  })

  it('takes a declared threshold', () => {
    expect(scan([0n, 10n * MS, 20n * MS, 51n * MS], [], 30).gaps).toHaveLength(1)
    expect(scan([0n, 10n * MS, 20n * MS, 50n * MS], [], 30).gaps).toHaveLength(0)
  })

  it('gives the same answer for any split of the input', () => {
    const steps = fc.array(fc.bigInt(-5n, 100n), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(steps, fc.array(fc.nat(200), { maxLength: 5 }), (durations, cuts) => {
        let now = 0n
        const times = durations.map((duration) => (now += duration))
        expect(scan(times, cuts)).toEqual(scan(times))
      }),
      { seed: 6, numRuns: 300 },
    )
  })
})
