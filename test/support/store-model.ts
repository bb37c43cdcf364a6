import type * as Stores from '../../src/store/index.js'

type Library = Pick<
  typeof Stores,
  'amendLabels' | 'frameOf' | 'pruneSessions' | 'recoverSessions' | 'sampleChunks' | 'sampleId'
>

/** What is known of a session without any index. */
interface ModelSession {
  number: number
  startMinute: number
  durationMs: number
  journeyId: string | undefined
  labels: string[]
  stream: string
  metadata: [string, string][]
  state: 'recording' | 'stopped' | 'recovered'
  isClosed: boolean
  stored: number
  chunks: number
  revision: number
  /** Which of the stores writes it. */
  writer: number
}

/**
 * Does random things to several stores of one place and holds every lookup against a filter over all sessions. Knows
 * nothing but its arguments: its text runs in a page as well. Returns what went wrong first.
 *
 * open: opens the place once more; the ones before stay open.
 */
export async function checkAgainstModel(
  library: Library,
  open: () => Promise<Stores.SessionStore>,
  instances: number,
  seed: number,
  steps: number,
): Promise<string | undefined> {
  let state = seed
  // mulberry32
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(random() * n)
  const oneOf = <T>(items: readonly T[]): T => items[below(items.length)]!
  const LABELS = ['login', 'a', '__proto__', 'constructor', 'ä', '\u202eרtl', '😀', 'zz']
  const JOURNEYS = ['j', '__proto__', '../x', 'ü', 'j\u0000']
  const START_MS = Date.UTC(2026, 0, 1)
  const stores: Stores.SessionStore[] = []
  for (let i = 0; i < instances; i++) stores.push(await open())
  const model = new Map<number, ModelSession>()
  const log: string[] = []
  const some = (count: number) => [...new Set(Array.from({ length: below(count + 1) }, () => oneOf(LABELS)))]
  const chunksOf = (session: ModelSession, isFinal: boolean) =>
    library.sampleChunks({
      number: session.number,
      startMinute: session.startMinute,
      durationMs: session.durationMs,
      ...(session.journeyId === undefined ? {} : { journeyId: session.journeyId }),
      labels: session.labels,
      metadata: session.metadata,
      stream: session.stream,
      chunks: session.chunks,
      isFinal,
    })
  const startMs = (session: ModelSession) => START_MS + session.startMinute * 60_000
  let numbers = 0

  async function step(): Promise<void> {
    const at = below(stores.length)
    const store = stores[at]!
    const all = [...model.values()]
    const idle = all.filter(({ state }) => state !== 'recording')
    const choice = below(100)
    if (choice < 40 || all.length === 0) {
      const session: ModelSession = {
        number: numbers++,
        // many at the same time, many backwards
        startMinute: below(12) - 6,
        durationMs: oneOf([0, 1, 1000, 60_000]),
        journeyId: oneOf([undefined, ...JOURNEYS]),
        labels: some(3),
        stream: oneOf(['imu', 'pointer']),
        metadata: random() < 0.5 ? [] : [[oneOf(['__proto__', 'app']), oneOf(['x', 'y'])]],
        state: 'recording',
        isClosed: false,
        stored: 0,
        chunks: 1 + below(4),
        revision: 0,
        writer: at,
      }
      const isFinal = random() < 0.6
      const isReleased = isFinal || random() < 0.6
      log.push(`${at} writes ${session.number} ${JSON.stringify(session)} ${isFinal} ${isReleased}`)
      for (const chunk of chunksOf(session, isFinal)) await store.append(chunk, library.frameOf(chunk))
      if (isReleased) await store.release(library.sampleId(session.number))
      session.state = isFinal ? 'stopped' : isReleased ? 'recovered' : 'recording'
      session.stored = session.chunks
      model.set(session.number, session)
    } else if (choice < 55 && idle.length > 0) {
      const session = oneOf(idle)
      session.labels = some(3)
      session.revision += 1
      session.stored += 1
      log.push(`${at} labels ${session.number} ${JSON.stringify(session.labels)}`)
      await library.amendLabels(store, library.sampleId(session.number), session.labels)
    } else if (choice < 68 && idle.length > 0) {
      const session = oneOf(idle)
      log.push(`${at} deletes ${session.number}`)
      model.delete(session.number)
      const id = library.sampleId(session.number)
      const wasThere = await (random() < 0.5 ? store.delete(id) : store.forget(id))
      if (!wasThere) throw new Error(`session ${session.number} was not there to delete`)
    } else if (choice < 76) {
      log.push(`${at} recovers`)
      const expected = all.filter(({ state, isClosed }) => state === 'recovered' && !isClosed)
      const recovered = await library.recoverSessions(store)
      if (recovered.length !== expected.length) throw new Error(`${recovered.length} recovered, not ${expected.length}`)
      for (const session of expected) {
        session.isClosed = true
        session.stored += 1
      }
    } else if (choice < 80) {
      log.push(`${at} prunes`)
      const { bytes } = await store.estimate()
      const pruned = await library.pruneSessions(store, { maxBytes: bytes * (0.5 + random() / 2) }, START_MS)
      const oldest = [...idle].sort((a, b) => startMs(a) - startMs(b) || a.number - b.number)
      for (const [index, { id }] of pruned.sessions.entries()) {
        const session = oldest[index]!
        if (id !== library.sampleId(session.number)) throw new Error(`pruned ${id} before ${session.number}`)
        model.delete(session.number)
      }
    } else if (choice < 85) {
      const recording = all.filter((session) => session.state === 'recording')
      if (recording.length === 0) return
      const session = oneOf(recording)
      log.push(`${session.writer} releases ${session.number}`)
      await stores[session.writer]!.release(library.sampleId(session.number))
      session.state = 'recovered'
    } else if (choice < 89) {
      const again = await open()
      // nothing outlives a store in memory
      if (again === store) return
      log.push(`${at} is opened again`)
      await store.close()
      for (const session of all) {
        if (session.writer === at && session.state === 'recording') session.state = 'recovered'
      }
      stores[at] = again
    } else {
      const idleOnes = idle.slice(0, 3)
      log.push(`all label ${idleOnes.map(({ number }) => number)} at once`)
      for (const session of idleOnes) {
        const outcomes = await Promise.allSettled(
          stores.map((one, i) => library.amendLabels(one, library.sampleId(session.number), [`by ${i}`])),
        )
        const done = outcomes.filter(({ status }) => status === 'fulfilled').length
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected' && outcome.reason.code !== 'session-locked') throw outcome.reason
        }
        const record = await store.get(library.sampleId(session.number))
        session.revision += done
        session.stored += done
        session.labels = record?.labels ?? []
      }
    }
  }

  async function check(): Promise<void> {
    const at = below(stores.length)
    const store = stores[at]!
    const query: Stores.Query = {}
    const wanted = (chance: number) => random() < chance
    if (wanted(0.5)) query.labels = some(3)
    if (wanted(0.3)) query.labelsMode = oneOf(['any', 'all'])
    if (wanted(0.2)) query.notLabels = some(2)
    if (wanted(0.3)) query.journeyId = oneOf(JOURNEYS)
    if (wanted(0.3)) query.sinceMs = START_MS + (below(14) - 7) * 60_000
    if (wanted(0.3)) query.untilMs = START_MS + (below(14) - 7) * 60_000
    if (wanted(0.3)) query.state = oneOf(['recording', 'stopped', 'recovered'])
    if (wanted(0.15)) query.minDurationMs = oneOf([0, 1, 1000])
    if (wanted(0.15)) query.maxDurationMs = oneOf([0, 1, 1000])
    if (wanted(0.15)) query.streams = [oneOf(['imu', 'pointer'])]
    if (wanted(0.15)) query.metadata = [[oneOf(['__proto__', 'app']), oneOf(['x', 'y'])]]
    if (wanted(0.5)) query.order = oneOf(['newest', 'oldest'])
    const expected = [...model.values()]
      .filter(({ labels, journeyId, state, durationMs, stream, metadata, ...session }) => {
        const startedMs = START_MS + session.startMinute * 60_000
        const asked = query.labels ?? []
        const mode = query.labelsMode === 'all' ? 'every' : 'some'
        if (asked.length > 0 && !asked[mode]((label) => labels.includes(label))) return false
        if (query.notLabels?.some((label) => labels.includes(label))) return false
        if (query.journeyId !== undefined && query.journeyId !== journeyId) return false
        if (query.sinceMs !== undefined && startedMs < query.sinceMs) return false
        if (query.untilMs !== undefined && startedMs > query.untilMs) return false
        if (query.state !== undefined && query.state !== state) return false
        if (query.minDurationMs !== undefined && durationMs < query.minDurationMs) return false
        if (query.maxDurationMs !== undefined && durationMs > query.maxDurationMs) return false
        if (query.streams && !query.streams.includes(stream)) return false
        return !query.metadata || query.metadata.every(([k, v]) => metadata.some((one) => one[0] === k && one[1] === v))
      })
      .sort((a, b) => startMs(a) - startMs(b) || a.number - b.number)
    if (query.order !== 'oldest') expected.reverse()
    const found: Stores.SessionRecord[] = []
    const limit = 1 + below(7)
    for (let cursor: string | undefined; ; ) {
      const page = await store.page({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) })
      if (page.sessions.length > limit) throw new Error('a page is too long')
      found.push(...page.sessions)
      cursor = page.cursor
      if (cursor === undefined) break
      if (page.sessions.length < limit) throw new Error('a page is short though there are more')
    }
    const describe = (ids: unknown[]) => JSON.stringify(ids)
    const same = (what: string, got: unknown[], want: unknown[]) => {
      if (describe(got) !== describe(want)) {
        throw new Error(`${what} in store ${at} (${JSON.stringify(query)}): ${describe(got)}, not ${describe(want)}`)
      }
    }
    same(
      'sessions',
      found.map(({ id, state, labels, labelsRevision, chunks }) => [id, state, labels, labelsRevision, chunks]),
      expected.map(({ number, state, labels, revision, stored }) => [
        library.sampleId(number),
        state,
        labels,
        revision,
        stored,
      ]),
    )
    const counts = new Map<string, number>()
    for (const { labels } of model.values()) {
      for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
    }
    const byCount = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    same(
      'labels',
      (await store.labels()).map(({ label, sessions }) => [label, sessions]),
      byCount,
    )
    const journeys = new Map<string, number>()
    for (const { journeyId } of model.values()) {
      if (journeyId !== undefined) journeys.set(journeyId, (journeys.get(journeyId) ?? 0) + 1)
    }
    same(
      'journeys',
      (await store.journeys()).map(({ journeyId, sessions }) => [journeyId, sessions]).sort(),
      [...journeys].sort(),
    )
    same('estimate', [(await store.estimate()).sessions], [model.size])
  }

  try {
    for (let i = 0; i < steps; i++) {
      await step()
      await check()
    }
    for (const store of stores) await store.close()
    return undefined
  } catch (error) {
    return `seed ${seed}: ${String((error as Error).stack ?? error)}\n${log.slice(-12).join('\n')}`
  }
}
