import { extname } from 'node:path'
import {
  EXPORT_FORMATS,
  EXPORT_LAYOUTS,
  type ExportFormat,
  type ExportLayout,
  type ExportOptions,
  exportFrames,
} from '../export/index.js'
import { ChunkReader } from './chunk-reader.js'
import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes } from './format/quantity.js'
import { FORCE_OPTION, withOutputs } from './output-file.js'
import { openRecording, type Recording } from './recording.js'
import { STORE_OPTION } from './store-option.js'

const OTHER_ENDINGS: Record<string, ExportFormat> = { jsonl: 'ndjson', feather: 'arrow' }

export const convert: Command = {
  name: 'convert',
  usage: `PATH|ID -o FILE.{${EXPORT_FORMATS.join(',')}} [--layout ${EXPORT_LAYOUTS.join('|')}] [--stream NAME]… [--utc]`,
  summary: 'exports the frames of a session to a file of another format',
  details: [
    'Layouts: stream, a row per frame and a file per stream (FILE.STREAM.csv where there are several); wide, streams side',
    'by side with frames of one instant in one row; long, a row per value. One stream goes into one file either way.',
    'Nothing is left behind when it fails; of a damaged session what is whole is exported, and the exit code is 1.',
  ].join('\n'),
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'file to write; its ending says the format' },
    format: { type: 'string', value: 'FORMAT', help: `${EXPORT_FORMATS.join(', ')}: where the ending does not say it` },
    layout: { type: 'string', value: 'LAYOUT', help: 'stream (default with one stream), wide (with several) or long' },
    stream: { type: 'string', multiple: true, value: 'NAME', help: 'only this stream' },
    session: { type: 'string', value: 'ID', help: 'which session, where the file has several' },
    utc: { type: 'boolean', help: "Unix times, through the clocks each chunk tells, instead of the stream's own" },
    force: FORCE_OPTION,
    store: STORE_OPTION,
  },
  async run(args) {
    const output = args.required('output', `name the file to write, for example -o session.${EXPORT_FORMATS[0]}`)
    const options: ExportOptions = {
      format: formatOf(args, output),
      layout: oneOf('layout', args.text('layout'), EXPORT_LAYOUTS),
      streams: args.texts('stream').length > 0 ? args.texts('stream') : undefined,
      sessionId: args.text('session'),
      time: args.has('utc') ? 'utc' : 'stream',
    }
    const recording = await openRecording(args)
    const perStream = options.layout === 'stream' || options.format === 'wav'
    if (perStream) recording.expectFile()
    const counts = perStream ? await countFrames(recording, options) : new Map<string, number>()
    // without a stream the export says what is missing
    const jobs =
      counts.size > 0
        ? [...counts].map(([name, frameCount]) => ({
            path: counts.size > 1 ? withStream(output, name) : output,
            options: { ...options, streams: [name], frameCount },
          }))
        : [{ path: output, options }]
    const paths = jobs.map(({ path }) => path)
    return withOutputs(paths, args.has('force'), async (outputs) => {
      let exitCode = 0
      for (const [i, file] of outputs.entries()) {
        const reader = new ChunkReader(recording)
        const items = reader.items('converting')
        const kernels = recording.kernels
        for await (const piece of exportFrames(items, { ...jobs[i]!.options, kernels })) await file.write(piece)
        file.announce(formatBytes(file.bytesWritten))
        // the same findings for every stream
        if (i === 0) exitCode = reader.report('the whole frames have been exported')
      }
      return exitCode
    })
  },
}

function formatOf(args: CommandArguments, output: string): ExportFormat {
  const given = oneOf('format', args.text('format'), EXPORT_FORMATS)
  if (given) return given
  const ending = extname(output).slice(1).toLowerCase()
  const format = EXPORT_FORMATS.find((name) => name === ending) ?? OTHER_ENDINGS[ending]
  if (format) return format
  const known = EXPORT_FORMATS.map((name) => `.${name}`).join(', ')
  throw new UsageError(`no format goes by ${JSON.stringify(output)}; end it in ${known}, or say --format`)
}

function oneOf<T extends ExportFormat | ExportLayout>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  const found = allowed.find((name) => name === value)
  if (value === undefined || found) return found
  throw new UsageError(`--${option} expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`)
}

/** Frames of each stream to export that are whole. */
async function countFrames(recording: Recording, { sessionId, streams }: ExportOptions): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const { chunk } of new ChunkReader(recording).items('counting')) {
    if (chunk.amendment || (sessionId !== undefined && chunk.sessionId !== sessionId)) continue
    for (const { descriptor, frameCount } of chunk.streams) {
      counts.set(descriptor.name, (counts.get(descriptor.name) ?? 0) + frameCount)
    }
  }
  return streams ? new Map(streams.map((name) => [name, counts.get(name) ?? 0])) : counts
}

/** `walk.imu.csv` of `walk.csv`. */
function withStream(path: string, streamName: string): string {
  const ending = extname(path)
  return `${path.slice(0, path.length - ending.length)}.${streamName}${ending}`
}
