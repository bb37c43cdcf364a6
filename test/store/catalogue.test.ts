import { describe, expect, it, onTestFinished } from 'vitest'
import { createRecorder, ENGINES } from '../support/node-recorder.js'
import { recordInProcess, temporaryDirectory } from '../support/store-directory.js'

describe.each(ENGINES)('what a recorder has stored ($engine)', ({ worker, transport }) => {
  async function openRecorder(directory?: string) {
    const store = directory === undefined ? 'memory' : { directory }
    const recorder = await createRecorder({ store, worker, transport })
    onTestFinished(() => recorder.dispose())
    return recorder
  }

  it('is counted by label, looked up, forgotten and pruned', async () => {
    const recorder = await openRecorder(await temporaryDirectory())
    const record = async (labels: string[], journeyId: string) => {
      const session = await recorder.createSession({ labels, journeyId, streams: { s: { channels: ['x'] } } })
      session.stream('s').push(1, 2)
      return session.stop()
    }
    const first = await record(['__proto__', 'login'], 'a/b')
    await record(['login'], 'a/b')
    expect(await recorder.labels.list()).toEqual([
      { label: 'login', sessions: 2 },
      { label: '__proto__', sessions: 1 },
    ])
    expect(await recorder.journeys.get('a/b')).toMatchObject({ sessions: 2, labels: ['__proto__', 'login'] })
    const before = await recorder.sessions.estimate()
    expect(before).toEqual({ sessions: 2, bytes: expect.any(Number) })
    expect(await recorder.sessions.forget(first.id)).toBe(true)
    expect(await recorder.sessions.forget(first.id)).toBe(false)
    expect(await recorder.labels.list()).toEqual([{ label: 'login', sessions: 1 }])
    expect(await recorder.sessions.estimate()).toEqual({ sessions: 1, bytes: before.bytes - first.bytes })
    expect((await recorder.sessions.prune({ maxBytes: 0 })).sessions).toHaveLength(1)
    expect(await recorder.journeys.list()).toEqual([])
  })

  it('refuses to forget or remove a session that is being recorded, and to prune it', async () => {
    const recorder = await openRecorder(await temporaryDirectory())
    const session = await recorder.createSession({ streams: { s: { channels: ['x'] } } })
    session.stream('s').push(1, 2)
    await session.flush()
    await expect(recorder.sessions.delete(session.id)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(recorder.sessions.forget(session.id)).rejects.toMatchObject({ code: 'wrong-state' })
    expect((await recorder.sessions.prune({ maxBytes: 0 })).sessions).toEqual([])
    await session.stop()
  })

  it('is closed when its recorder has died, once, and says what may be lost', async () => {
    const directory = await temporaryDirectory()
    const writer = await recordInProcess(directory)
    await writer.stored(3)
    const recorder = await openRecorder(directory)
    expect(await recorder.sessions.recover()).toEqual([])
    await writer.kill()
    const [recovery] = await recorder.sessions.recover()
    expect(recovery).toMatchObject({ session: { id: writer.sessionId, state: 'recovered' } })
    expect(recovery!.session.tailMs).toBeGreaterThan(0)
    expect(await recorder.sessions.recover()).toEqual([])
    const chunks = []
    for await (const chunk of recorder.sessions.chunks(writer.sessionId)) chunks.push(chunk)
    expect(chunks.at(-1)).toMatchObject({ final: true, seq: chunks.length - 1 })
  }, 20_000)

  it.each([
    [{ colour: 'red' }, /a lookup has no "colour"; it knows labels,/],
    [{ label: 'login' }, /a lookup has no "label"/],
    [{ since: 'yesterday' }, /"since" expected .* got "yesterday"/],
    [{ until: '2026-13-45' }, /"until" expected .* got "2026-13-45"/],
    [{ since: new Date(Number.NaN) }, /"since" expected/],
    [{ labels: ['a\ud800'] }, /"labels\[0\]" expected well-formed Unicode/],
    [{ notLabels: ['\udc00'] }, /"notLabels\[0\]" expected well-formed Unicode/],
    [{ journeyId: '\ud800' }, /"journeyId" expected well-formed Unicode/],
    [{ labels: ['a\0'] }, /control characters, got U\+0000/],
    [{ state: 'lost' }, /"state" expected one of recording, stopped, recovered, got "lost"/],
    [{ limit: 100_000 }, /"limit" expected an integer 1–1000, got 100000/],
    [{ minDuration: -1 }, /"minDuration" expected milliseconds ≥ 0, got -1/],
    [{ order: 'best' }, /"order" expected one of newest, oldest/],
    [{ cursor: '../../etc/passwd' }, /"cursor" is not one that a page returned/],
    [{ clientSessionGroupId: 'a', journeyId: 'b' }, /differ; give one of them/],
  ])('refuses the lookup %j by name', async (lookup, message) => {
    const recorder = await openRecorder()
    await expect(recorder.sessions.page(lookup as object)).rejects.toThrow(message)
  })

  it.each(['../../etc/passwd', '..', '/', 'CON', 'a\0b', '%2e%2e', '0199D3C2-7C1E-7B7E-8F63-1B2C3D4E5F60', 7])(
    'refuses %j as an id (F54)',
    async (id) => {
      const recorder = await openRecorder()
      const message = /"id" expected a session id such as/
      const { sessions } = recorder
      await expect(sessions.get(id as string)).rejects.toThrow(message)
      await expect(sessions.delete(id as string)).rejects.toThrow(message)
      await expect(sessions.forget(id as string)).rejects.toThrow(message)
      await expect(sessions.setLabels(id as string, [])).rejects.toThrow(message)
      await expect(sessions.chunks(id as string).next()).rejects.toThrow(message)
    },
  )

  it.each([
    [{ maxBytes: -1 }, /"retention.maxBytes" expected a number ≥ 0, got -1/],
    [{ maxAgeMs: '1d' }, /"retention.maxAgeMs" expected a number ≥ 0, got "1d"/],
    [{ maxAge: 1 }, /retention has no "maxAge"/],
  ])('refuses the retention %j', async (retention, message) => {
    const recorder = await openRecorder()
    await expect(recorder.sessions.prune(retention as object)).rejects.toThrow(message)
  })
})
