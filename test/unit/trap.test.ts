import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SessionEvent } from '../../src/session/events.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createInProcessRecorder } from '../support/in-process-recorder.js'
import { trapNext } from '../support/trapping-arena.js'

afterEach(() => vi.restoreAllMocks())

const STREAMS = { s: { channels: ['v'], clock: 'relative' as const, resample: { rateHz: 100 } } }

/** Records a second, flushed in the middle; `before` is called once the session is open. */
async function record(trapped: string[]) {
  if (trapped.length > 0) trapNext(trapped)
  const recorder = await createInProcessRecorder()
  const session = await recorder.createSession({ autoMetadata: false, streams: STREAMS })
  const warnings: string[] = []
  session.addEventListener('warning', (event: SessionEvent<'warning'>) => warnings.push(event.detail.code))
  const stream = session.stream('s')
  for (let i = 0; i < 100; i++) stream.push(i * 7, Math.sin(i))
  await session.flush()
  for (let i = 100; i < 200; i++) stream.push(i * 7, Math.sin(i))
  const summary = await session.stop()
  const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
  await recorder.dispose()
  return { summary, rows: rowsOf(chunks, 's'), warnings, epochs: new Set(chunks.map(({ epoch }) => epoch)) }
}

describe('a session whose kernel fails', () => {
  it('goes on with the reference from the last stored chunk, and loses nothing (F24)', async () => {
    const sound = await record([])
    const trapped = await record(['resamplerPush'])
    expect(trapped.summary.streams.s).toEqual(sound.summary.streams.s)
    expect(trapped.rows).toEqual(sound.rows)
    expect(trapped.warnings).toEqual(['wasm-trap'])
    expect([...trapped.epochs]).toEqual([1])
  })
})
