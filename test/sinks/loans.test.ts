import { describe, expect, it, onTestFinished } from 'vitest'
import { LENT_MAX_BYTES, Loans } from '../../src/sinks/loans.js'
import type { OutgoingChunk } from '../../src/sinks/port.js'

const chunk = (seq: number, byteLength = 10_000, sessionId = 'a'): OutgoingChunk => ({
  id: `${sessionId}:0:${seq}`,
  sessionId,
  seq,
  final: false,
  digest: `crc32c:${seq}`,
  bytes: new Uint8Array(byteLength),
})
const idsOf = (chunks: Iterable<OutgoingChunk>) => Array.from(chunks, ({ id }) => id)

function open() {
  const held = new Map<string, OutgoingChunk>()
  const loans = new Loans({ hold: (one) => held.set(one.id, one), letGo: ({ id }) => held.delete(id) })
  onTestFinished(() => loans.close())
  const offer = (one: OutgoingChunk, done = 0) => {
    const isWanted = loans.wants(one.sessionId, one.seq, done, one.bytes.length)
    if (isWanted) loans.add(one)
    return isWanted
  }
  return { held, loans, offer, lend: (maxBytes = LENT_MAX_BYTES) => idsOf(loans.lend(maxBytes, () => {})) }
}

describe('chunks at hand for a page that is left', () => {
  it('are the next ones of each session, without a gap, as many as a page can send', () => {
    const { held, offer } = open()
    expect([offer(chunk(1)), offer(chunk(0)), offer(chunk(2)), offer(chunk(1))]).toEqual([false, true, false, true])
    expect([offer(chunk(7, 10, 'b'), 7), offer(chunk(2, LENT_MAX_BYTES)), offer(chunk(2))]).toEqual([true, false, true])
    expect([offer(chunk(3)), offer(chunk(4))]).toEqual([true, false])
    expect(idsOf(held.values())).toEqual(['a:0:0', 'a:0:1', 'b:0:7', 'a:0:2', 'a:0:3'])
  })

  it('are lent once, in order, until they are given back', () => {
    const { loans, offer, lend } = open()
    for (const seq of [0, 1, 2]) offer(chunk(seq))
    expect(lend(20_000)).toEqual(['a:0:0', 'a:0:1'])
    expect(loans.isOut('a')).toBe(true)
    expect(lend()).toEqual(['a:0:2'])
    for (const seq of [0, 1, 2]) loans.giveBack(`a:0:${seq}`, () => seq === 0)
    expect([loans.isOut('a'), loans.isDelivered(chunk(0)), loans.isDelivered(chunk(1))]).toEqual([false, true, false])
    expect(loans.isDelivered({ ...chunk(0), digest: 'another' })).toBe(false)
    expect(lend()).toEqual(['a:0:1', 'a:0:2'])
  })

  it('make room when they are dealt with, or their session is forgotten', () => {
    const { held, loans, offer } = open()
    for (const seq of [0, 1, 2, 3]) offer(chunk(seq))
    loans.settle('a', 1)
    expect(idsOf(held.values())).toEqual(['a:0:2', 'a:0:3'])
    expect(offer(chunk(4))).toBe(true)
    loans.forget('a')
    expect(held.size).toBe(0)
    expect(offer(chunk(0, LENT_MAX_BYTES, 'b'))).toBe(true)
  })
})
