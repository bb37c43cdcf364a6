import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Frames } from '../../src/kernels/types.js'
import { bytesOf, implementations } from './implementations.js'

/** Frames numbered from `first`; every value names its frame and channel. */
function numbered(first: number, frames: number, channels: number): Frames {
  return {
    timestampsNs: BigInt64Array.from({ length: frames }, (_, index) => BigInt(first + index)),
    values: Float64Array.from(
      { length: frames * channels },
      (_, at) => (first + Math.floor(at / channels)) * 100 + (at % channels),
    ),
  }
}

const steps = fc.array(
  fc.record({ isWrite: fc.boolean(), frames: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(40)) }),
  { maxLength: 40 },
)

describe.each(implementations)('a ring buffer of %s', (_, kernels) => {
  it.each(['drop-newest', 'drop-oldest'] as const)('holds what a plain queue would, with %s (F7)', (overflow) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 4 }),
        steps,
        (capacityFrames, channels, all) => {
          const ring = kernels.createRingBuffer({ capacityFrames, channels, overflow })
          let queue: number[] = []
          let next = 0
          let dropped = 0
          let given = 0
          let read = 0
          for (const { isWrite, frames } of all) {
            if (isWrite) {
              const { timestampsNs, values } = numbered(next, frames, channels)
              const taken = ring.write(timestampsNs, values)
              const numbers = Array.from({ length: frames }, (_, index) => next + index)
              const free = capacityFrames - queue.length
              dropped += Math.max(0, frames - free)
              queue =
                overflow === 'drop-newest'
                  ? [...queue, ...numbers.slice(0, free)]
                  : [...queue, ...numbers].slice(-capacityFrames)
              expect(taken).toBe(overflow === 'drop-newest' ? Math.min(frames, free) : frames)
              next += frames
              given += frames
            } else {
              const out = ring.read(frames)
              const expected = queue.splice(0, frames)
              read += expected.length
              expect([...out.timestampsNs]).toEqual(expected.map(BigInt))
              expect([...out.values]).toEqual(
                expected.flatMap((n) => Array.from({ length: channels }, (_, c) => n * 100 + c)),
              )
            }
            expect(ring.lengthFrames).toBe(queue.length)
            expect(ring.droppedFrames).toBe(dropped)
            expect(given).toBe(read + ring.lengthFrames + ring.droppedFrames)
          }
        },
      ),
      { seed: 7, numRuns: 150 },
    )
  })

  it('drops the same frames however the input is cut', () => {
    for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
      const { timestampsNs, values } = numbered(0, 30, 2)
      const whole = kernels.createRingBuffer({ capacityFrames: 9, channels: 2, overflow })
      const takenWhole = whole.write(timestampsNs, values)
      const expected = whole.read(99)
      for (let cut = 0; cut <= 30; cut++) {
        const ring = kernels.createRingBuffer({ capacityFrames: 9, channels: 2, overflow })
        const taken =
          ring.write(timestampsNs.subarray(0, cut), values.subarray(0, cut * 2)) +
          ring.write(timestampsNs.slice(cut), values.slice(cut * 2))
        expect(taken).toBe(takenWhole)
        expect(ring.droppedFrames).toBe(21)
        expect(ring.read(99)).toEqual(expected)
      }
    }
  })

  it('moves every bit of a value and a time, above the size of one stage too (F5)', () => {
    const frames = 30_000
    const values = new Float64Array(frames)
    const bits = new BigUint64Array(values.buffer)
    for (let index = 0; index < frames; index++) bits[index] = 0x7ff0000000000001n + BigInt(index)
    bits[0] = 0x8000000000000000n
    const timestampsNs = BigInt64Array.from({ length: frames }, (_, index) => 2n ** 63n - 1n - BigInt(index))
    const ring = kernels.createRingBuffer({ capacityFrames: frames, channels: 1 })
    expect(ring.write(timestampsNs, values)).toBe(frames)
    const out = ring.read(frames)
    expect(Buffer.compare(bytesOf(out.values), bytesOf(values))).toBe(0)
    expect(Buffer.compare(bytesOf(out.timestampsNs), bytesOf(timestampsNs))).toBe(0)
  })

  it('names the argument, the expectation and the value it refuses', () => {
    const create = (options: object) => () => kernels.createRingBuffer({ capacityFrames: 8, channels: 2, ...options })
    expect(create({ capacityFrames: -5 })).toThrow(new RangeError('"capacityFrames" expected an integer >= 1, got -5'))
    expect(create({ capacityFrames: '8' })).toThrow(new TypeError('"capacityFrames" expected an integer >= 1, got "8"'))
    expect(create({ capacityFrames: 2 ** 40 })).toThrow(
      /^"capacityFrames" expected at most \d+ with 2 channels, got 1099511627776$/,
    )
    expect(create({ channels: 66 })).toThrow(new RangeError('"channels" expected an integer in 1–65, got 66'))
    expect(create({ overflow: 'wait' })).toThrow(
      new RangeError(`"overflow" expected 'drop-newest' | 'drop-oldest', got "wait"`),
    )
    const ring = kernels.createRingBuffer({ capacityFrames: 8, channels: 2 })
    expect(() => ring.write(new BigInt64Array(2), new Float64Array(3))).toThrow(
      new RangeError('"values.length" expected 4 (2 timestamps × 2 channels), got 3'),
    )
    expect(() => ring.write([1n] as never, new Float64Array(2))).toThrow(
      new TypeError('"timestampsNs" expected a BigInt64Array, got Array'),
    )
    expect(() => ring.read(Number.NaN)).toThrow(new RangeError('"maxFrames" expected an integer >= 0, got NaN'))
    expect(ring.lengthFrames).toBe(0)
  })

  it('is over after dispose, its counts still there', () => {
    const ring = kernels.createRingBuffer({ capacityFrames: 1, channels: 1 })
    ring.write(new BigInt64Array(3), new Float64Array(3))
    ring.dispose()
    ring.dispose()
    expect([ring.lengthFrames, ring.droppedFrames]).toEqual([0, 2])
    expect(() => ring.read(1)).toThrow(expect.objectContaining({ code: 'disposed' }))
    expect(() => ring.write(new BigInt64Array(0), new Float64Array(0))).toThrow(
      expect.objectContaining({ code: 'disposed' }),
    )
  })
})
