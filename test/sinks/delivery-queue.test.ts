import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ChunkSink,
  DeliveryError,
  DeliveryQueue,
  type DeliveryQueueOptions,
  httpSink,
  MemoryLedger,
  type OutgoingChunk,
  retryAfterMsOf,
  waitMs,
} from '../../src/sinks/index.js'
import { frameOf, MemoryStore, sampleChunks, sampleId, storeSample } from '../../src/store/index.js'
import { MisbehavingReceiver } from '../support/misbehaving-receiver.js'

const QUICK = { backOff: { baseMs: 1, maxMs: 2 }, timeoutMs: 200 }

/** A sink that does with each chunk what the script says, and takes what it says nothing of. */
class ScriptedSink implements ChunkSink {
  readonly name = 'scripted'
  readonly taken: string[] = []
  tries = 0
  constructor(readonly script: (chunk: OutgoingChunk, signal: AbortSignal) => unknown = () => undefined) {}

  async deliver(chunk: OutgoingChunk, signal: AbortSignal) {
    this.tries += 1
    const answer = await this.script(chunk, signal)
    if (answer) return answer as never
    this.taken.push(chunk.id)
    return { id: chunk.id, digest: chunk.digest }
  }
}

async function filled(sessions = 1, chunks = 3): Promise<MemoryStore> {
  const store = new MemoryStore()
  for (let number = 1; number <= sessions; number++) await storeSample(store, { number, startMinute: number, chunks })
  return store
}

const idsOf = (number: number, ...seqs: number[]) => seqs.map((seq) => `${sampleId(number)}:0:${seq}`)

async function delivered(
  store: MemoryStore,
  sink: ChunkSink,
  options: DeliveryQueueOptions = {},
  ledger = new MemoryLedger(),
) {
  const queue = new DeliveryQueue(store, sink, ledger, { ...QUICK, ...options })
  onTestFinished(() => queue.close())
  await queue.start()
  await queue.idle()
  return queue
}

describe('a delivery queue', () => {
  it('delivers what is stored, in order, and what is stored later', async () => {
    const store = await filled()
    const sink = new ScriptedSink()
    const queue = await delivered(store, sink)
    expect(sink.taken).toEqual(idsOf(1, 0, 1, 2))
    expect(queue.isDelivered(sampleId(1), 3)).toBe(true)
    await storeSample(store, { number: 2, startMinute: 2 })
    queue.notify(sampleId(2))
    await queue.idle()
    expect(sink.taken).toEqual([...idsOf(1, 0, 1, 2), ...idsOf(2, 0)])
  })

  it('goes on where it stood after a restart, and begins anew when its ledger is lost', async () => {
    const store = await filled()
    const ledger = new MemoryLedger()
    await delivered(store, new ScriptedSink(), {}, ledger)
    const [chunk] = sampleChunks({ number: 1, startMinute: 1, chunks: 4 }).slice(-1)
    await store.append(chunk!, frameOf(chunk!))
    const again = new ScriptedSink()
    await delivered(store, again, {}, ledger)
    expect(again.taken).toEqual(idsOf(1, 3))
    const anew = new ScriptedSink()
    await delivered(store, anew)
    expect(anew.taken).toEqual(idsOf(1, 0, 1, 2, 3))
  })

  it.each([
    ['rejections of any kind', () => Promise.reject(new TypeError('fetch failed'))],
    ['receipts of another chunk', () => ({ id: 'x', digest: 'y' })],
    ['receipts with another digest', ({ id }: OutgoingChunk) => ({ id, digest: 'crc32c:00000000' })],
    ['answers that are no receipts', () => 'thanks'],
    ['sinks that never answer', () => new Promise(() => {})],
  ])('tries again after %s (F44, F49)', async (_, fault) => {
    const store = await filled()
    let tries = 0
    const sink = new ScriptedSink((chunk) => (chunk.seq === 1 && tries++ < 3 ? fault(chunk) : undefined))
    const queue = await delivered(store, sink, { timeoutMs: 20 })
    expect(sink.taken).toEqual(idsOf(1, 0, 1, 2))
    expect(queue.counts).toEqual({ delivered: 3, failedTries: 3, quarantined: 0, lastError: undefined })
  })

  it('puts aside what will never be taken, and goes on behind it (F46)', async () => {
    const store = await filled()
    const ledger = new MemoryLedger()
    const put: string[] = []
    const sink = new ScriptedSink(({ seq }) => {
      if (seq === 1) throw new DeliveryError('quarantine', 'the receiver answered 422')
    })
    const queue = await delivered(store, sink, { events: { onQuarantined: ({ id }) => put.push(id) } }, ledger)
    expect([sink.taken, put]).toEqual([idsOf(1, 0, 2), idsOf(1, 1)])
    expect(queue.isDelivered(sampleId(1), 3)).toBe(false)
    expect(await store.chunkAt(sampleId(1), 1)).toBeDefined()
    const again = new ScriptedSink()
    await delivered(store, again, {}, ledger)
    expect(again.tries).toBe(0)
  })

  it('waits for help when credentials are refused, and goes on after it (F46)', async () => {
    const store = await filled(3)
    let isRefused = true
    const errors: string[] = []
    const sink = new ScriptedSink(() => {
      if (isRefused) throw new DeliveryError('pause', 'the receiver answered 401')
    })
    const queue = await delivered(store, sink, {
      concurrency: 1,
      events: { onPaused: ({ message }) => errors.push(message) },
    })
    expect([sink.tries, errors]).toEqual([1, ['the receiver answered 401']])
    isRefused = false
    queue.resume()
    await queue.idle()
    expect(sink.taken).toHaveLength(9)
  })

  it('stays paused when the wait after an earlier failure is over (F46)', async () => {
    const store = await filled(2)
    let tries = 0
    const sink = new ScriptedSink(async () => {
      tries += 1
      if (tries === 1) throw new DeliveryError('retry', 'the receiver answered 503')
      await new Promise((resolve) => setTimeout(resolve, 1))
      throw new DeliveryError('pause', 'the receiver answered 401')
    })
    const backOff = { baseMs: 20, maxMs: 20, random: () => 1 }
    const queue = await delivered(store, sink, { backOff, concurrency: 2 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect([queue.isPaused, sink.tries]).toEqual([true, 2])
  })

  it('gives nothing to its sink any more once it is closed', async () => {
    const store = await filled()
    const ledger = new MemoryLedger()
    const chunkAt = store.chunkAt.bind(store)
    let read = () => {}
    const isRead = new Promise<void>((resolve) => (read = resolve))
    store.chunkAt = async (id, index) => {
      await isRead
      return chunkAt(id, index)
    }
    const sink = new ScriptedSink()
    const queue = new DeliveryQueue(store, sink, ledger, QUICK)
    await queue.start()
    queue.close()
    read()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([sink.tries, await ledger.read()]).toEqual([0, new Map()])
  })

  it('is not idle before it knows what was left, however often the store fails to say', async () => {
    const store = await filled()
    const page = store.page.bind(store)
    let failures = 3
    store.page = async (query) => {
      if (failures-- > 0) throw new Error('the disk is away')
      return page(query)
    }
    const sink = new ScriptedSink()
    const queue = new DeliveryQueue(store, sink, new MemoryLedger(), QUICK)
    onTestFinished(() => queue.close())
    void queue.start()
    expect(queue.isIdle).toBe(false)
    await queue.idle()
    expect(sink.taken).toEqual(idsOf(1, 0, 1, 2))
  })

  it('waits for its ledger before it delivers what comes meanwhile', async () => {
    const store = await filled()
    const ledger = new MemoryLedger()
    await delivered(store, new ScriptedSink(), {}, ledger)
    const read = ledger.read.bind(ledger)
    ledger.read = async () => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return read()
    }
    const [chunk] = sampleChunks({ number: 1, startMinute: 1, chunks: 4 }).slice(-1)
    await store.append(chunk!, frameOf(chunk!))
    const sink = new ScriptedSink()
    const queue = new DeliveryQueue(store, sink, ledger, QUICK)
    onTestFinished(() => queue.close())
    void queue.start()
    queue.notify(sampleId(1))
    await queue.idle()
    expect(sink.taken).toEqual(idsOf(1, 3))
  })

  it('tells the size of a chunk that was too large (F46)', async () => {
    const sizes: number[] = []
    const sink = new ScriptedSink(({ seq }) => {
      if (seq === 0) throw new DeliveryError('shrink', 'the receiver answered 413')
    })
    await delivered(await filled(), sink, { events: { onTooLarge: (bytes) => sizes.push(bytes) } })
    expect(sizes).toEqual([expect.any(Number)])
    expect(sink.taken).toEqual(idsOf(1, 1, 2))
  })

  it('aborts what is under way when it is closed, and delivers that with the next', async () => {
    const store = await filled()
    const ledger = new MemoryLedger()
    let aborted = false
    const sink = new ScriptedSink(
      (_, signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
    )
    const queue = new DeliveryQueue(store, sink, ledger, QUICK)
    await queue.start()
    await new Promise((resolve) => setTimeout(resolve, 10))
    queue.close()
    await queue.idle()
    expect(aborted).toBe(true)
    const next = new ScriptedSink()
    await delivered(store, next, {}, ledger)
    expect(next.taken).toEqual(idsOf(1, 0, 1, 2))
  })

  it('delivers anew what a session has when its store was emptied under it, and takes it for undelivered', async () => {
    const store = await filled(1, 5)
    const ledger = new MemoryLedger()
    const sink = new ScriptedSink()
    const queue = await delivered(store, sink, {}, ledger)
    await store.delete(sampleId(1))
    const chunks = sampleChunks({ number: 1, startMinute: 1, chunks: 7 }).slice(5)
    for (const chunk of chunks) await store.append(chunk, frameOf(chunk))
    expect(queue.isDelivered(sampleId(1), 2)).toBe(false)
    queue.notify(sampleId(1))
    await queue.idle()
    expect(sink.taken).toEqual(idsOf(1, 0, 1, 2, 3, 4, 5, 6))
    expect(queue.isDelivered(sampleId(1), 2)).toBe(true)
    await ledger.write(sampleId(1), { done: 9, quarantined: [] })
    const again = new ScriptedSink()
    await delivered(store, again, {}, ledger)
    expect(again.taken).toEqual(idsOf(1, 5, 6))
  })

  it('keeps nothing in its ledger of a session that is removed while a chunk of it is under way', async () => {
    const store = await filled(1)
    const ledger = new MemoryLedger()
    const queue: DeliveryQueue = new DeliveryQueue(
      store,
      new ScriptedSink(({ sessionId }) => {
        void store.delete(sessionId)
        void queue.forget(sessionId)
      }),
      ledger,
      QUICK,
    )
    await queue.start()
    await queue.idle()
    expect(await ledger.read()).toEqual(new Map())
  })

  it('goes on when the store fails while a chunk is put aside, and when a listener throws', async () => {
    const store = await filled()
    let failures = 0
    const chunkAt = store.chunkAt.bind(store)
    let isRefused = false
    store.chunkAt = async (id, index) => {
      if (isRefused && failures++ < 2) throw new Error('the disk is away')
      return chunkAt(id, index)
    }
    const sink = new ScriptedSink(({ seq }) => {
      isRefused = seq === 1
      if (isRefused) throw new DeliveryError('quarantine', 'the receiver answered 422')
    })
    const queue = await delivered(store, sink, {
      events: {
        onQuarantined: () => {
          throw new Error('listener')
        },
      },
    })
    expect(sink.taken).toEqual(idsOf(1, 0, 2))
    expect(queue.counts.quarantined).toBe(1)
  })

  it('leaves a session out that was removed', async () => {
    const store = await filled(2)
    const sink = new ScriptedSink(async ({ sessionId }) => void (await store.delete(sessionId)))
    await delivered(store, sink, { concurrency: 1 })
    expect(sink.taken).toEqual([...idsOf(1, 0), ...idsOf(2, 0)])
  })
})

describe('the wait before the next try', () => {
  it('is spread over a span that doubles up to a minute', () => {
    expect([1, 2, 3, 4, 9, 99].map((failures) => waitMs(failures, undefined, { random: () => 1 }))).toEqual([
      500, 1000, 2000, 4000, 60_000, 60_000,
    ])
    expect(waitMs(5, undefined, { random: () => 0 })).toBe(0)
  })

  it('is what the receiver asks for, within a second and an hour (F45)', () => {
    const now = Date.parse('2026-11-23T10:00:00Z')
    const wait = (header: string) => waitMs(1, retryAfterMsOf(header, now), { random: () => 0 })
    expect(wait('120')).toBe(120_000)
    expect(wait('0')).toBe(1000)
    expect(wait('1000000000000')).toBe(3_600_000)
    expect(wait('Mon, 23 Nov 2026 10:00:30 GMT')).toBe(30_000)
    expect(wait('Mon, 23 Nov 2025 10:00:30 GMT')).toBe(1000)
    expect(wait('soon')).toBe(0)
  })
})

describe('a sink by HTTP', () => {
  it('asks for headers each time, and for new credentials on 401', async () => {
    let wanted = 'Bearer 1'
    const seen: (string | undefined)[] = []
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const { createServer } = await import('node:http')
    const guard = createServer((request, response) => {
      seen.push(request.headers.authorization)
      request.resume()
      if (request.headers.authorization !== wanted) return void response.writeHead(401).end()
      response.end(receiver.receipt(request))
    })
    await new Promise<void>((resolve) => guard.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void guard.close())
    const { port } = guard.address() as { port: number }
    let token = 1
    const sink = httpSink({
      url: `http://127.0.0.1:${port}/`,
      headers: async () => ({ authorization: `Bearer ${token}` }),
    })
    const store = await filled()
    const queue = await delivered(store, sink)
    expect(queue.counts.delivered).toBe(3)
    wanted = 'Bearer 2'
    await storeSample(store, { number: 2, startMinute: 2 })
    queue.notify(sampleId(2))
    await queue.idle()
    expect(queue.counts).toMatchObject({ delivered: 3, failedTries: 1, quarantined: 0 })
    token = 2
    queue.resume()
    await queue.idle()
    expect(queue.counts.delivered).toBe(4)
    expect(seen.at(-1)).toBe('Bearer 2')
  })

  it('refuses an option nobody knows', () => {
    const misspelt = { url: 'https://a/', header: { authorization: 'Bearer 1' } } as Parameters<typeof httpSink>[0]
    expect(() => httpSink(misspelt)).toThrow(
      new TypeError('httpSink() has no option "header"; it knows url, headers, name'),
    )
  })

  it('refuses a URL that is none', () => {
    expect(() => httpSink({ url: 'nowhere' })).toThrow(TypeError)
  })

  it.each(['ftp://a/', 'file:///tmp/a', 'https://name@a/', 'https://:password@a/'])(
    'refuses %s, which no request can be made to',
    (url) => {
      expect(() => httpSink({ url })).toThrow('"url" expected http: or https:')
    },
  )

  it('does not read an answer without end', async () => {
    const { createServer } = await import('node:http')
    let sentBytes = 0
    const endless = createServer((request, response) => {
      request.resume()
      const send = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' '))) sentBytes += 65_536
        if (!response.destroyed) response.once('drain', send)
      }
      send()
    })
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      endless.closeAllConnections()
      endless.close()
    })
    const { port } = endless.address() as { port: number }
    const sink = httpSink({ url: `http://127.0.0.1:${port}/` })
    const [chunk] = sampleChunks({ number: 1, startMinute: 1 })
    const outgoing = { id: 'a', sessionId: chunk!.sessionId, seq: 0, final: true, digest: 'b', bytes: frameOf(chunk!) }
    const timeout = AbortSignal.timeout(2000)
    await expect(sink.deliver(outgoing, timeout)).rejects.toThrow('is no receipt')
    expect(sentBytes).toBeLessThan(16_000_000)
  })
})
