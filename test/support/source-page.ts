import type { Page } from 'playwright-core'
import type { Chunk } from '../../src/wire/model.js'
import { type Cell, decodeChunks, rowsOf } from './collect.js'
import type { StaticServer } from './static-server.js'

/** What a page tells of a session it has recorded. */
export interface Recorded {
  summary: {
    id: string
    journeyId?: string
    labels: string[]
    streams: Record<
      string,
      {
        received: number
        ingested: number
        pending: number
        lost: Record<string, number>
        gaps: number
        effectiveRateHz: number
        jitterMs: number
      }
    >
  }
  events: { type: string; detail: Record<string, unknown> }[]
  chunks: Chunk[]
  /** All bytes of the session as they were stored. */
  bytes: Buffer
}

/** A frame by the names of its channels; times in milliseconds of the page. */
export type Frame = { timeMs: number } & Record<string, Cell>

const MODULE = `
import { createRecorder, createJourneyId } from '/dist/index.js'
import * as sources from '/dist/sources.js'
Object.assign(globalThis, { createRecorder, createJourneyId, sources })
globalThis.events = []
globalThis.note = (session) => {
  for (const type of ['statechange', 'gap', 'loss', 'availability', 'warning', 'error']) {
    session.addEventListener(type, ({ detail }) => {
      events.push({ type, detail: JSON.parse(JSON.stringify(detail, (_, value) => typeof value === 'bigint' ? Number(value) : value)) })
    })
  }
  return session
}
globalThis.begin = async (options, recorderOptions) => {
  globalThis.recorder ??= await createRecorder(recorderOptions)
  globalThis.session = note(await recorder.createSession(options))
  return session.id
}
globalThis.hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
globalThis.read = async (id) => {
  const chunks = []
  for await (const { bytes } of recorder.sessions.chunks(id)) chunks.push(hex(bytes))
  return chunks
}
globalThis.finish = async (ended = session) => {
  const summary = JSON.parse(JSON.stringify(await ended.stop()))
  return { summary, events, chunks: await read(ended.id) }
}
globalThis.loaded = true
`

/** Serves pages with the library on them and this in their body; gives the address of one. */
export function serveSourcePage(
  server: StaticServer,
  body = '',
  { path = '/sources.html', headers }: { path?: string; headers?: Record<string, string> } = {},
): string {
  server.serve('/sources-page.js', MODULE)
  server.serve(path, {
    headers,
    body: `<!doctype html><meta charset="utf-8"><title>sources</title><body>${body}
<script type="module" src="/sources-page.js"></script>`,
  })
  return server.origin + path
}

export async function openSourcePage(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction('globalThis.loaded')
}

/** Stops the page's session and reads it back. */
export async function finish(page: Page): Promise<Recorded> {
  return recordedOf((await page.evaluate('finish()')) as { chunks: string[] })
}

/** What `finish()` of a page has given, decoded. */
export async function recordedOf(told: object): Promise<Recorded> {
  const { chunks: texts, ...rest } = told as { chunks: string[] } & Omit<Recorded, 'chunks' | 'bytes'>
  const frames = texts.map((text) => Buffer.from(text, 'hex'))
  async function* each() {
    for (const bytes of frames) yield { bytes }
  }
  return { ...rest, chunks: await decodeChunks(each()), bytes: Buffer.concat(frames) }
}

/** The frames of a stream, in order. */
export function framesIn({ chunks }: Pick<Recorded, 'chunks'>, stream: string): Frame[] {
  const channels = chunks[0]!.streams.find(({ descriptor }) => descriptor.name === stream)!.descriptor.channels
  return rowsOf(chunks, stream).map(([timeNs, ...cells]) => ({
    timeMs: Number(timeNs) / 1e6,
    ...Object.fromEntries(channels.map(({ name }, index) => [name, cells[index]])),
  }))
}

/** The marks of a session, in order. */
export function marksIn({ chunks }: Pick<Recorded, 'chunks'>): { name: string; [key: string]: unknown }[] {
  return chunks.flatMap(({ marks }) => marks.map(({ name, properties }) => ({ ...properties, name })))
}

/** Received = ingested + pending + lost, by stream. */
export function unaccounted({ summary }: Pick<Recorded, 'summary'>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(summary.streams).flatMap(([name, { received, ingested, pending, lost }]) => {
      const rest = received - ingested - pending - Object.values(lost).reduce((sum, frames) => sum + frames, 0)
      return rest === 0 ? [] : [[name, rest]]
    }),
  )
}
