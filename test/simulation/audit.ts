import { framesOf } from '../../src/read/index.js'
import { decodeChunk, decodeFrame } from '../../src/wire/index.js'
import { type Chunk, chunkId, type LossReason, type StreamCounts } from '../../src/wire/model.js'
import { rowsOf } from '../support/collect.js'
import type { RecordedSession } from './application.js'
import { Ledger } from './ledger.js'

/** What a session may have gone through, and so what can be asked of it. */
export interface Circumstances {
  /** Whatever was stored is still there. */
  isDurable: boolean
  /** The store has refused something. */
  wasRefused: boolean
  /** The recorder was disposed before the session was stopped. */
  frames: Uint8Array[]
}

/** Holds what was stored, and what was said of it, against what the application had offered. */
export class Audit {
  readonly findings: string[] = []
  readonly #recorded: RecordedSession
  readonly #circumstances: Circumstances
  readonly #chunks: Chunk[]

  constructor(recorded: RecordedSession, circumstances: Circumstances) {
    this.#recorded = recorded
    this.#circumstances = circumstances
    this.#chunks = circumstances.frames.map((frame) => decodeChunk(decodeFrame(frame).payload))
  }

  /** After the end of everything. */
  final(): string[] {
    const { session, stopped } = this.#recorded
    const { isDurable, wasRefused } = this.#circumstances
    this.#checkChain()
    if (session.state === 'failed') {
      if (isDurable && !wasRefused) this.#find(`failed without a cause: ${errorOf(stopped)}`)
      for (const stream of this.#recorded.streams) this.#checkFailed(stream)
      return this.findings
    }
    if (session.state !== 'stopped') this.#find(`ended ${session.state}`)
    if (!stopped?.result?.ok) {
      this.#find(`stop failed: ${errorOf(stopped)}`)
      return this.findings
    }
    const summary = stopped.result.value
    const isForgotten = !isDurable && this.#chunks.length === 0
    const isWritten = !isForgotten && (!this.#recorded.isFlightRecorder || this.#recorded.wasTriggered)
    if (isWritten) this.#expect('final chunks', this.#chunks.filter(({ final }) => final).length, 1)
    else this.#expect('chunks of an untriggered flight recorder', this.#chunks.length, 0)
    if (isDurable) this.#expect('chunks in the summary', summary.chunks, this.#chunks.length)
    this.#recorded.streams.forEach((stream, index) => {
      for (const name of isWritten ? stream.recordedNames : [stream.name]) {
        const told = summary.streams[name]!
        this.#expect(`${name}: pending`, told.pending, 0)
        this.#expect(`${name}: received`, told.received, this.#recorded.receivedAtStop![index])
        this.#checkLaw(`${name}: summary`, told)
        this.#checkLosses(stream, name, told, true)
        if (!isWritten) continue
        this.#expect(`${name}: final counts`, stable(this.#lastCountsOf(name)!), stable({ ...told }))
        if (stream.isRaw && name === stream.name) this.#checkRows(stream, told)
        else this.#checkGrid(stream, name, told)
      }
    })
    if (isWritten) this.#checkNotes(isDurable)
    this.#checkFollowed(isDurable)
    return this.findings
  }

  /** While the session lives, after a flush with nothing else going on. */
  quiet(): string[] {
    this.#checkChain()
    for (const stream of this.#recorded.streams) {
      const { received, lost } = stream.writer.counts
      const there = received - Object.values(lost).reduce((sum, frames) => sum + frames, 0)
      this.#expect(`${stream.name}: received on the page`, received, stream.received)
      for (const name of stream.recordedNames) {
        if (!this.#circumstances.isDurable && this.#chunks.length === 0) continue
        const counts = this.#lastCountsOf(name)
        const onPage = Object.entries(counts?.lost ?? {}).filter(
          ([reason]) => reason !== 'worker-lost' && reason !== 'late',
        )
        const arrived = (counts?.received ?? 0) - onPage.reduce((sum, [, frames]) => sum + frames, 0)
        this.#expect(`${name}: stored after flush`, arrived, there)
      }
      if (this.#circumstances.isDurable && stream.isRaw) {
        this.#expect(`${stream.name}: rows after flush`, this.#rowsOf(stream.name).length, there)
      }
    }
    return this.findings
  }

  /** Chunks follow one another without a gap or an overlap, and no count goes back. */
  #checkChain(): void {
    let before: Chunk | undefined
    for (const chunk of this.#chunks) {
      const at = `${chunk.epoch}:${chunk.seq}`
      if (before) {
        if (before.final) this.#find(`chunk ${at} after the final one`)
        if (chunk.seq <= before.seq) this.#find(`chunk ${at} after ${before.epoch}:${before.seq}`)
        if (this.#circumstances.isDurable) this.#expect(`seq of chunk ${at}`, chunk.seq, before.seq + 1)
        if (chunk.epoch < before.epoch) this.#find(`epoch of chunk ${at} after ${before.epoch}`)
        if (chunk.labelsRevision < before.labelsRevision) this.#find(`labels of chunk ${at} go back`)
        if (chunk.endedAtNs < before.endedAtNs) this.#find(`end of chunk ${at} goes back`)
        if (chunk.startedAtNs < before.startedAtNs) this.#find(`start of chunk ${at} goes back`)
        const hasFrames = before.streams.some(({ counts }) => counts.ingested > 0)
        if (hasFrames && chunk.startedAtNs !== before.startedAtNs) this.#find(`start of chunk ${at} differs`)
      }
      chunk.streams.forEach((piece, index) => {
        const { name } = piece.descriptor
        const where = `chunk ${at}, ${name}`
        const earlier = before?.streams[index]
        const next = earlier ? earlier.firstFrame + earlier.frameCount : 0
        this.#expect(`${where}: first frame`, piece.firstFrame, next)
        this.#expect(`${where}: produced`, piece.counts.produced, piece.firstFrame + piece.frameCount)
        this.#checkLaw(where, piece.counts, piece.descriptor.resampledHz !== undefined && !chunk.final)
        const { received } = this.#recorded.streams.find(({ recordedNames }) => recordedNames.includes(name))!
        if (piece.counts.received > received) this.#find(`${where}: received ${piece.counts.received} of ${received}`)
        if (earlier) this.#checkGrowth(where, earlier.counts, piece.counts)
        framesOf(chunk, name)
      })
      before = chunk
    }
  }

  #checkGrowth(where: string, before: StreamCounts, after: StreamCounts): void {
    // a resampler may find later that frames were late
    const settled = (counts: StreamCounts) => counts.ingested + (counts.lost.late ?? 0)
    if (settled(after) < settled(before)) this.#find(`${where}: ingested goes back`)
    for (const name of ['received', 'produced', 'invalidValues', 'gaps', 'bytes'] as const) {
      if (after[name] < before[name]) this.#find(`${where}: ${name} goes back from ${before[name]} to ${after[name]}`)
    }
    for (const name of ['repeatedTimestamps', 'backwardTimestamps'] as const) {
      if (after[name] < before[name]) this.#find(`${where}: ${name} goes back from ${before[name]} to ${after[name]}`)
    }
    for (const [reason, frames] of Object.entries(before.lost)) {
      const now = after.lost[reason as LossReason] ?? 0
      if (now < frames) this.#find(`${where}: lost by ${reason} goes back from ${frames} to ${now}`)
    }
  }

  /** mayWait: a resampler may have more to give of some frames. */
  #checkLaw(where: string, counts: StreamCounts, mayWait = false): void {
    const lost = Object.values(counts.lost).reduce((sum, frames) => sum + frames, 0)
    const accounted = counts.ingested + lost
    if (mayWait && counts.ingested >= 0 && accounted <= counts.received) return
    this.#expect(`${where}: ingested + lost`, accounted, counts.received)
  }

  /** The library has lost what the application saw refused, and nothing else unless there was a reason. */
  #checkLosses(stream: Ledger, name: string, { lost }: { lost: StreamCounts['lost'] }, isStopped: boolean): void {
    const { isFlightRecorder, isOver } = this.#recorded
    const mayEvict = stream.policy === 'drop-oldest' || isFlightRecorder
    for (const reason of ['paused', 'invalid-value'] as const) {
      this.#expect(`${name}: lost by ${reason}`, lost[reason] ?? 0, stream.lost[reason] ?? 0)
    }
    const overflow = lost.overflow ?? 0
    const refused = stream.lost.overflow ?? 0
    if (mayEvict ? overflow < refused : overflow !== refused) {
      this.#find(`${name}: lost by overflow ${overflow}, refused ${refused}`)
    }
    const { isDurable } = this.#circumstances
    if (isDurable && isStopped && isOver && (lost['worker-lost'] ?? 0) > 0) {
      this.#find(`${name}: ${lost['worker-lost']} frames lost with a worker though the disk has outlived it`)
    }
    if ((lost.late ?? 0) > 0 && stream.isRaw && name === stream.name) this.#find(`${name}: late frames`)
  }

  #checkRows(stream: Ledger, { ingested, lost }: StreamCounts): void {
    const rows = this.#rowsOf(stream.name)
    const places = this.#placesOf(stream, rows)
    if (!places || !this.#circumstances.isDurable) return
    this.#expect(`${stream.name}: rows`, rows.length, ingested)
    const evicted = (lost.overflow ?? 0) - (stream.lost.overflow ?? 0)
    this.#expect(`${stream.name}: rows of what was taken`, rows.length, stream.taken.length - evicted)
  }

  /** Rows of a grid are at its instants, and what is held was given. */
  #checkGrid(stream: Ledger, name: string, { produced }: StreamCounts): void {
    const { rateHz, method } = stream.resample!
    const rows = this.#rowsOf(name)
    if (this.#circumstances.isDurable) this.#expect(`${name}: rows`, rows.length, produced)
    for (const [timeNs, value, detail] of rows) {
      const periods = (Number(timeNs) * rateHz) / 1e9
      if (Math.abs(periods - Math.round(periods)) > 1e-6) this.#find(`${name}: a row at ${timeNs}`)
      if (method !== 'hold') continue
      const frame = value as number
      if (!stream.taken.includes(frame)) this.#find(`${name}: holds frame ${frame}, which was not taken`)
      const expected = Ledger.detailOf(frame, stream.kind)
      if (detail !== expected) this.#find(`${name}: frame ${frame} has ${String(detail)}, was ${expected}`)
    }
  }

  /** Where the rows stand among the frames taken; they have to be frames that were taken, as they were, in order. */
  #placesOf(stream: Ledger, rows: ReturnType<typeof rowsOf>): boolean {
    let place = 0
    for (const [timeNs, value, detail] of rows) {
      const frame = value as number
      while (place < stream.taken.length && stream.taken[place] !== frame) place += 1
      if (place === stream.taken.length) {
        this.#find(`${stream.name}: frame ${frame} was not taken, is there twice, or out of order`)
        return false
      }
      place += 1
      if (timeNs !== stream.timesNs[frame]) {
        this.#find(`${stream.name}: frame ${frame} at ${timeNs}, was ${stream.timesNs[frame]}`)
      }
      const expected = Ledger.detailOf(frame, stream.kind)
      if (detail !== expected) this.#find(`${stream.name}: frame ${frame} has ${String(detail)}, was ${expected}`)
    }
    return true
  }

  #checkFailed(stream: Ledger): void {
    const { received, lost } = stream.writer.counts
    this.#expect(`${stream.name}: received on the page`, received, stream.received)
    const rest = received - Object.values(lost).reduce((sum, frames) => sum + frames, 0)
    if (rest < 0) this.#find(`${stream.name}: more lost than received`)
    if (!stream.isRaw) return
    const rows = this.#rowsOf(stream.name)
    this.#placesOf(stream, rows)
    // what the page calls stored is there; without a word from the worker there may be more
    const stored = this.#lastCountsOf(stream.name)?.ingested ?? 0
    if (this.#circumstances.isDurable && rest > stored)
      this.#find(`${stream.name}: ${rest} said to be stored, ${stored} are`)
  }

  #checkNotes(isDurable: boolean): void {
    const found = this.#chunks.flatMap(({ marks }) => marks.map(({ name }) => name))
    const expected = [...this.#recorded.marks, ...(this.#recorded.wasTriggered ? ['trigger'] : [])]
    for (const name of new Set(found)) {
      const times = found.filter((other) => other === name).length
      if (times > 1) this.#find(`"${name}" is there ${times} times`)
      if (!expected.includes(name)) this.#find(`"${name}" was never set`)
    }
    if (!isDurable) return
    for (const name of expected) if (!found.includes(name)) this.#find(`"${name}" is missing`)
    this.#expect('labels', JSON.stringify(this.#chunks.at(-1)!.labels), JSON.stringify(this.#recorded.labels))
  }

  /** Who followed to the end has every chunk that is there, in order; more only where chunks died with a worker. */
  #checkFollowed(isDurable: boolean): void {
    const { followed, following } = this.#recorded
    const seqs = followed.map((id) => Number(id.split(':').at(-1)))
    if (seqs.some((seq, index) => index > 0 && seq <= seqs[index - 1]!)) this.#find(`handed over ${followed}`)
    // a worker that goes silent after the end has nobody to miss it but the call
    if (!following?.result?.ok) return
    const ids = this.#chunks.map(chunkId)
    for (const id of ids) if (!followed.includes(id)) this.#find(`chunk ${id} was not handed over`)
    if (isDurable) this.#expect('chunks handed over', followed.join(), ids.join())
  }

  #lastCountsOf(stream: string): StreamCounts | undefined {
    return this.#chunks.at(-1)?.streams.find(({ descriptor }) => descriptor.name === stream)?.counts
  }

  #rowsOf(stream: string): ReturnType<typeof rowsOf> {
    return rowsOf(this.#chunks, stream)
  }

  #expect(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.#find(`${what} expected ${String(expected)}, got ${String(got)}`)
  }

  #find(text: string): void {
    this.findings.push(text)
  }
}

function stable({ received, ingested, produced, lost, gaps }: StreamCounts): string {
  return JSON.stringify({ received, ingested, produced, lost: Object.entries(lost).sort(), gaps })
}

function errorOf(call: RecordedSession['stopped']): string {
  if (!call?.result) return 'no answer'
  return call.result.ok ? 'no error' : `${(call.result.error as { code?: string }).code} ${call.result.error.message}`
}
