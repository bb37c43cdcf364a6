import { describe, expect, it } from 'vitest'
import { RETAINED_MAX_BYTES } from '../../src/limits.js'
import { HeldFrames } from '../../src/pipeline/held-frames.js'
import { HeldTexts } from '../../src/pipeline/held-texts.js'
import type { ToWorker } from '../../src/worker/protocol.js'
import { RetainedMessages } from '../../src/worker/retained-messages.js'

describe('frames held by a resampler', () => {
  const times = (...ms: number[]) => BigInt64Array.from(ms, BigInt)

  it('go up to the last one before the first behind a time', () => {
    const held = new HeldFrames()
    held.add(times(0, 10, 20))
    held.add(times(30, 40))
    held.releaseUpTo(-1n)
    expect(held.count).toBe(5)
    held.releaseUpTo(5n)
    expect(held.count).toBe(5)
    held.releaseUpTo(10n)
    expect(held.count).toBe(4)
    held.releaseUpTo(35n)
    expect(held.count).toBe(2)
    held.add(times(50))
    held.releaseUpTo(100n)
    expect(held.count).toBe(1)
    held.limit(0)
    expect(held.count).toBe(0)
    held.add(times(60, 70))
    held.releaseUpTo(65n)
    expect(held.count).toBe(2)
  })

  it('stay behind one that came before its time', () => {
    const held = new HeldFrames()
    held.add(times(0, 10, 500, 20, 30))
    held.releaseUpTo(30n)
    expect(held.count).toBe(4)
  })
})

describe('texts held by a resampler', () => {
  it('have one code as long as they come, and are forgotten after 1,024 others', () => {
    const texts = new HeldTexts()
    const code = texts.codeOf('again')
    const old = texts.codeOf('old')
    for (let i = 0; i < 10_000; i++) {
      expect(texts.textOf(texts.codeOf(`text ${i}`))).toBe(`text ${i}`)
      expect(texts.codeOf('again')).toBe(code)
      if (i < 1000) expect(texts.textOf(old)).toBe('old')
    }
    expect(texts.textOf(code)).toBe('again')
    expect(texts.textOf(old)).toBeUndefined()
  })
})

describe('messages a page keeps', () => {
  const clock = { monotonicNs: 0n, wallNs: 0n }
  const batch = (serial: number, streamIndex: number, firstFrame: number, byteLength = 1000) =>
    ({
      kind: 'batch',
      serial,
      streamIndex,
      buffer: new ArrayBuffer(byteLength),
      capacityFrames: 10,
      frameCount: 10,
      firstFrame,
      dictionaries: [],
      clock,
    }) satisfies ToWorker

  it('are released in order, as far as all their frames are settled', () => {
    const messages = new RetainedMessages()
    messages.add(batch(1, 0, 0))
    messages.add({ kind: 'labels', serial: 2, labels: [], revision: 1, clock })
    messages.add(batch(3, 1, 0))
    messages.add(batch(4, 0, 10))
    expect(messages.release(4, [5, 10])).toBe(0)
    expect(messages.release(4, [10, 5])).toBe(2)
    expect(messages.release(4, [15, 10])).toBe(3)
    expect(messages.release(3, [20, 10])).toBe(3)
    expect(messages.release(4, [20, 10])).toBe(4)
    expect(messages.release(4, [20, 10])).toBe(4)
  })

  it('hold frames of a stream as far back as there is room', () => {
    const messages = new RetainedMessages()
    expect(messages.retainedFrom(0)).toBe(Number.POSITIVE_INFINITY)
    const half = RETAINED_MAX_BYTES / 2
    messages.add(batch(1, 0, 0, half))
    messages.add(batch(2, 1, 0, half))
    expect([messages.retainedFrom(0), messages.retainedFrom(1)]).toEqual([0, 0])
    messages.add(batch(3, 1, 10, half))
    expect([messages.retainedFrom(0), messages.retainedFrom(1)]).toEqual([Number.POSITIVE_INFINITY, 0])
    messages.add({ kind: 'labels', serial: 4, labels: [], revision: 1, clock })
    expect(messages.retainedFrom(1)).toBe(10)
  })
})
