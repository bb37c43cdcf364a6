import { basename } from 'node:path'
import {
  createRecorder,
  type Recorder,
  type ResampleOptions,
  type ResamplerMethod,
  type ResamplerQuality,
  type SessionSummary,
  type Value,
  type Values,
} from '../node/index.js'
import type { ChannelType } from '../read/index.js'
import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { Progress } from './format/progress.js'
import { parseDuration } from './format/quantity.js'
import { printable } from './format/table.js'
import { recordTable } from './record-table.js'
import { STORE_OPTION, toJson } from './store-option.js'
import { type ImportBatch, type ImportPlan, inspectFile, readFrames } from './tabular/index.js'

const TYPES: readonly string[] = ['f64', 'f32', 'i32', 'i64', 'enum', 'text']
const METHODS: readonly string[] = ['sinc', 'linear', 'cubic', 'hold']
const QUALITIES: readonly string[] = ['fast', 'standard', 'best']

export const record: Command = {
  name: 'record',
  usage: 'FILE… --store DIR [options]',
  summary: 'records CSV, TSV and NDJSON files, one session each',
  details: [
    'Files may be gzipped, with or without header row; comment lines are skipped. The time column, its unit and the',
    'type of each channel are found from the file; nothing is lost, and what had to be decided is said.',
  ].join('\n'),
  options: {
    store: { ...STORE_OPTION, help: 'directory to record into, made if missing' },
    label: { type: 'string', multiple: true, value: 'LABEL', help: 'category of the session' },
    journey: { type: 'string', value: 'ID', help: 'journey the sessions belong to' },
    metadata: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'fact about the session' },
    duration: { type: 'string', value: 'TIME', help: 'record the first 15s, 500ms, 2m … of the file only' },
    stream: { type: 'string', value: 'NAME', help: 'name of the stream; default the name of the file' },
    time: { type: 'string', value: 'COLUMN', help: 'time column, by name or number from 1' },
    'time-unit': { type: 'string', value: 's|ms|us|ns|iso', help: 'unit of the time column' },
    rate: { type: 'string', value: 'HZ', help: 'resample onto a uniform grid of this rate; enum and text are held' },
    method: { type: 'string', value: METHODS.join('|'), help: 'how values between frames are found; default sinc' },
    quality: { type: 'string', value: QUALITIES.join('|'), help: 'low-pass filter of sinc; default standard' },
    'keep-raw': {
      type: 'boolean',
      help: 'record the frames as they came too; resampled ones as stream NAME.resampled',
    },
    type: { type: 'string', multiple: true, value: 'COLUMN=TYPE', help: 'type of a column: f64 f32 i32 i64 enum text' },
    'no-header': { type: 'boolean', help: 'the first row is data' },
    json: { type: 'boolean', help: 'print the sessions as one JSON document' },
  },
  async run(args) {
    if (args.positionals.length === 0) throw new UsageError('name the files to record')
    const directory = args.required('store', 'name the directory to record into, for example --store ./recordings')
    const settings = settingsOf(args)
    // every file is understood, and every option checked, before anything is written
    const plans: ImportPlan[] = []
    for (const path of args.positionals) plans.push(resampleable(await inspect(path, settings), settings.resample))
    const recorder = await createRecorder({ store: { directory } })
    const summaries: SessionSummary[] = []
    try {
      for (const plan of plans) {
        const { summary, seconds } = await recordFile(recorder, plan, settings)
        summaries.push(summary)
        if (!args.has('json')) process.stdout.write(recordTable(plan, summary, seconds))
      }
      if (args.has('json')) process.stdout.write(toJson(summaries))
      return 0
    } catch (cause) {
      // all of the files or none
      for (const { id } of summaries) await recorder.sessions.delete(id)
      throw cause
    } finally {
      await recorder.dispose()
    }
  },
}

/** Integers are interpolated as 64-bit floats; held they stay what they are. */
function resampleable(plan: ImportPlan, resample: ResampleOptions | undefined): ImportPlan {
  if (!resample || resample.method === 'hold') return plan
  const notes = [...plan.notes]
  const streams = plan.streams.map(({ descriptor, rows }) => {
    const channels = descriptor.channels.map((channel) => {
      if (channel.type !== 'i32' && channel.type !== 'i64') return channel
      notes.push(
        `column "${channel.name}" holds integers, which are resampled as f64; --method hold keeps ${channel.type}`,
      )
      return { ...channel, type: 'f64' as const }
    })
    return { descriptor: { ...descriptor, channels }, rows }
  })
  return { ...plan, streams, notes }
}

interface RecordSettings {
  labels: string[]
  journeyId: string | undefined
  metadata: Map<string, string>
  durationMs: number | undefined
  resample: ResampleOptions | undefined
  import: Parameters<typeof inspectFile>[1]
}

function settingsOf(args: CommandArguments): RecordSettings {
  const streamName = args.text('stream')
  const timeColumn = args.text('time')
  const timeUnit = args.text('time-unit')
  const duration = args.text('duration')
  const durationMs = duration === undefined ? undefined : parseDuration(duration)
  if (durationMs !== undefined && !(durationMs > 0)) {
    throw new UsageError(`--duration expected a time above 0 such as 15s, got ${JSON.stringify(duration)}`)
  }
  if (timeUnit !== undefined && !['s', 'ms', 'us', 'ns', 'iso'].includes(timeUnit)) {
    throw new UsageError(`--time-unit expected s, ms, us, ns or iso, got ${JSON.stringify(timeUnit)}`)
  }
  const types: Record<string, ChannelType> = {}
  for (const [column, type] of pairsOf('type', args)) {
    if (!TYPES.includes(type))
      throw new UsageError(`--type ${column}= expected one of ${TYPES.join(', ')}, got ${JSON.stringify(type)}`)
    types[column] = type as ChannelType
  }
  return {
    labels: args.texts('label'),
    journeyId: args.text('journey'),
    metadata: new Map(pairsOf('metadata', args)),
    durationMs,
    resample: resampleOf(args),
    import: {
      ...(streamName === undefined ? {} : { streamName }),
      ...(timeColumn === undefined ? {} : { timeColumn }),
      ...(timeUnit === undefined ? {} : { timeUnit: timeUnit as 's' | 'ms' | 'us' | 'ns' | 'iso' }),
      ...(args.has('no-header') ? { header: false } : {}),
      types,
    },
  }
}

function resampleOf(args: CommandArguments): ResampleOptions | undefined {
  const rateHz = args.number('rate')
  const method = oneOf('method', args, METHODS) as ResamplerMethod | undefined
  const quality = oneOf('quality', args, QUALITIES) as ResamplerQuality | undefined
  if (rateHz === undefined) {
    const orphan = method !== undefined ? 'method' : quality !== undefined ? 'quality' : 'keep-raw'
    if (orphan !== 'keep-raw' || args.has(orphan)) throw new UsageError(`--${orphan} needs --rate HZ`)
    return undefined
  }
  return { rateHz, method, quality, keepRaw: args.has('keep-raw') }
}

function oneOf(option: string, args: CommandArguments, allowed: readonly string[]): string | undefined {
  const value = args.text(option)
  if (value === undefined || allowed.includes(value)) return value
  throw new UsageError(`--${option} expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`)
}

function pairsOf(option: string, args: CommandArguments): [key: string, value: string][] {
  return args.texts(option).map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--${option} expected KEY=VALUE, got ${JSON.stringify(pair)}`)
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
}

async function inspect(path: string, settings: RecordSettings): Promise<ImportPlan> {
  const progress = new Progress(`reading ${basename(path)}`, 'B')
  try {
    return await inspectFile(path, { ...settings.import, onProgress: (done, total) => progress.update(done, total) })
  } finally {
    progress.end()
  }
}

async function recordFile(
  recorder: Recorder,
  plan: ImportPlan,
  settings: RecordSettings,
): Promise<{ summary: SessionSummary; seconds: number }> {
  const startedMs = performance.now()
  const { resample, journeyId } = settings
  const session = await recorder.createSession({
    labels: settings.labels,
    ...(journeyId === undefined ? {} : { journeyId }),
    metadata: new Map([['source', [...printable(basename(plan.path))].slice(0, 200).join('')], ...settings.metadata]),
    importedStartNs: plan.startedAtNs ?? BigInt(Date.now()) * 1_000_000n,
    streams: Object.fromEntries(
      plan.streams.map(({ descriptor: { name, clock, channels } }) => [
        name,
        { channels, clock, overflow: 'wait' as const, ...(resample === undefined ? {} : { resample }) },
      ]),
    ),
  })
  session.addEventListener('warning', ({ detail }) => process.stderr.write(`kymograph: warning: ${detail.message}\n`))
  const progress = new Progress(`recording ${basename(plan.path)}`, 'frames')
  try {
    const end = new RecordingEnd(settings.durationMs)
    let frames = 0
    for await (const batch of readFrames(plan)) {
      const stream = session.stream(batch.stream)
      const kept = end.framesBefore(batch.timestampsNs)
      for (let at = 0; at < kept; ) {
        const taken = stream.write(batch.timestampsNs.subarray(at, kept), interleave(batch, at, kept))
        at += taken
        if (at < kept) await stream.ready
      }
      progress.update((frames += kept), plan.rows)
      if (end.isReached) break
    }
    const summary = await session.stop()
    return { summary, seconds: (performance.now() - startedMs) / 1000 }
  } catch (cause) {
    // a file that cannot be recorded whole leaves no session
    await session.stop().catch(() => {})
    await recorder.sessions.delete(session.id).catch(() => {})
    throw cause
  } finally {
    progress.end()
  }
}

/** Where `--duration` ends a recording: at the first frame that far behind the first one. */
class RecordingEnd {
  isReached = false
  #endNs: bigint | undefined
  readonly #durationMs: number | undefined

  constructor(durationMs: number | undefined) {
    this.#durationMs = durationMs
  }

  framesBefore(timestampsNs: BigInt64Array): number {
    if (this.#durationMs === undefined || timestampsNs.length === 0) return timestampsNs.length
    this.#endNs ??= timestampsNs[0]! + BigInt(Math.round(this.#durationMs * 1e6))
    const at = timestampsNs.findIndex((timestampNs) => timestampNs >= this.#endNs!)
    if (at < 0) return timestampsNs.length
    this.isReached = true
    return at
  }
}

/** Frames `from` … `to` of a batch, interleaved: a typed array where all columns share a type and nothing is absent. */
function interleave(batch: ImportBatch, from: number, to: number): Values {
  const { columns, present } = batch
  const channels = columns.length
  const isComplete = present.every((flags) => flags === undefined)
  const first = columns[0]
  const shared = isComplete && columns.every((column) => column.constructor === first?.constructor) ? first : undefined
  if (shared instanceof Float64Array || shared instanceof Float32Array) {
    const values =
      shared instanceof Float64Array
        ? new Float64Array((to - from) * channels)
        : new Float32Array((to - from) * channels)
    columns.forEach((column, c) => {
      for (let i = from; i < to; i++) values[(i - from) * channels + c] = column[i] as number
    })
    return values
  }
  const values: Value[] = new Array((to - from) * channels)
  columns.forEach((column, c) => {
    const flags = present[c]
    for (let i = from; i < to; i++) values[(i - from) * channels + c] = flags && flags[i] === 0 ? undefined : column[i]
  })
  return values
}
