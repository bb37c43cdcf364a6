import { basename } from 'node:path'
import type { ChannelDescriptor, SessionSummary } from '../node/index.js'
import { gridText } from './format/grid.js'
import { formatBytes, formatCount, formatRate } from './format/quantity.js'
import { renderTable } from './format/table.js'
import type { ImportPlan } from './tabular/index.js'

const RAW_BYTES: Record<ChannelDescriptor['type'], number> = { f64: 8, i64: 8, f32: 4, i32: 4, enum: 4, text: 4 }

/** What was recorded of a file: a line about the session, a table of its streams, and what had to be decided. */
export function recordTable(plan: ImportPlan, summary: SessionSummary, seconds: number): string {
  const frames = plan.streams.reduce((sum, { descriptor: { name } }) => sum + summary.streams[name]!.ingested, 0)
  const recorded = plan.streams.flatMap(({ descriptor }) =>
    // a stream that is kept raw has a second one
    [descriptor.name, `${descriptor.name}.resampled`].flatMap((name) => {
      const stream = Object.hasOwn(summary.streams, name) ? summary.streams[name]! : undefined
      return stream ? [{ name, channels: descriptor.channels, stream }] : []
    }),
  )
  const rows = recorded.map(({ name, channels, stream }) => {
    const values = stream.produced * (channels.length + 1)
    const rawBytes = stream.produced * channels.reduce((sum, { type }) => sum + RAW_BYTES[type], 8)
    const lost = Object.values(stream.lost).reduce((sum, count) => sum + count, 0)
    return [
      name,
      channels.map((channel) => `${channel.name}:${channel.type}`).join(' '),
      String(stream.produced),
      formatRate(stream.effectiveRateHz),
      String(stream.gaps),
      String(lost),
      values > 0 ? (stream.bytes / values).toFixed(3) : '',
      values > 0 ? (rawBytes / values).toFixed(3) : '',
      stream.bytes > 0 ? `${(rawBytes / stream.bytes).toFixed(1)}×` : '',
    ]
  })
  const rate = seconds > 0 ? Math.round(frames / seconds).toLocaleString('en-US') : '∞'
  return [
    `session ${summary.id}  ${basename(plan.path)}: ${frames} frames in ${seconds.toFixed(2)} s, ${rate} frames/s, ${formatCount(summary.chunks, 'chunk')}, ${formatBytes(summary.bytes)}`,
    renderTable(['stream', 'channels', 'frames', 'rate', 'gaps', 'lost', 'B/value', 'raw', 'smaller'], rows).trimEnd(),
    ...recorded.flatMap(({ name, stream }) => gridText(name, stream)),
    ...plan.notes.map((note) => `note: ${note}`),
    '',
    '',
  ].join('\n')
}
