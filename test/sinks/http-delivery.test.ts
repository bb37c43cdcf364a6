import { describe, expect, it, onTestFinished } from 'vitest'
import { type DeliveryLedger, DeliveryQueue, httpSink, MemoryLedger } from '../../src/sinks/index.js'
import { frameOf, MemoryStore, sampleChunks, sampleId } from '../../src/store/index.js'
import { isThorough } from '../support/kills.js'
import { BEHAVIOURS, MisbehavingReceiver } from '../support/misbehaving-receiver.js'

const CHUNKS_PER_SESSION = 20
const SESSIONS = isThorough ? 2500 : 25
/** Of ten requests so many meet trouble. */
const TROUBLE = isThorough ? 0.2 : 0.4

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('deliveries through a receiver that misbehaves (F43–F50)', () => {
  it(
    `arrive, ${SESSIONS * CHUNKS_PER_SESSION} of them: none missing, none altered, in order, over restarts`,
    async () => {
      const store = new MemoryStore()
      const expected = new Map<string, Uint8Array>()
      for (let number = 0; number < SESSIONS; number++) {
        for (const chunk of sampleChunks({ number, startMinute: number, chunks: CHUNKS_PER_SESSION })) {
          const frame = frameOf(chunk)
          await store.append(chunk, frame)
          expected.set(`${chunk.sessionId}:0:${chunk.seq}`, frame)
        }
        await store.release(sampleId(number))
      }
      const random = randomFrom(7)
      const names = Object.keys(BEHAVIOURS)
      const receiver = await MisbehavingReceiver.start(() =>
        random() < TROUBLE ? names[Math.floor(random() * names.length)] : undefined,
      )
      onTestFinished(() => receiver.close())
      let ledger: DeliveryLedger = new MemoryLedger()
      const counts = { delivered: 0, failedTries: 0, quarantined: 0 }
      for (let restart = 0; ; restart++) {
        const queue = new DeliveryQueue(store, httpSink({ url: receiver.url }), ledger, {
          backOff: { baseMs: 1, maxMs: 4, random },
          concurrency: 8,
          timeoutMs: 40,
        })
        await queue.start()
        const isLast = restart === 5
        if (isLast) await queue.idle()
        else await new Promise((resolve) => setTimeout(resolve, isThorough ? 10_000 : 200))
        queue.close()
        for (const key of ['delivered', 'failedTries', 'quarantined'] as const) counts[key] += queue.counts[key]
        if (isLast) break
        // once the ledger is lost as well: everything is delivered again
        if (restart === 2) ledger = new MemoryLedger()
      }
      expect(counts.quarantined).toBe(0)
      expect(receiver.altered).toBe(0)
      expect(receiver.chunks.size).toBe(expected.size)
      for (const [id, frame] of expected) expect(receiver.chunks.get(id)?.equals(frame)).toBe(true)
      expect([...receiver.disordered]).toEqual([])
      expect([...receiver.behaved.keys()].sort()).toEqual(names.sort())
      console.log(
        `${expected.size} chunks stored once; ${counts.failedTries} tries failed, ${receiver.repeated} came again and were kept once`,
      )
    },
    isThorough ? 1_200_000 : 60_000,
  )
})
