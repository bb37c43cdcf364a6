import { basename } from 'node:path'
import type { ChannelDescriptor, SessionSummary } from '../node/index.js'
import { formatBytes, formatCount, formatRate } from './format/quantity.js'
import { renderTable } from './format/table.js'
import type { ImportPlan } from './tabular/index.js'

const RAW_BYTES: Record<ChannelDescriptor['type'], number> = { f64: 8, i64: 8, f32: 4, i32: 4, enum: 4, text: 4 }

/** What was recorded of a file: a line about the session, a table of its streams, and what had to be decided. */
export function recordTable(plan: ImportPlan, summary: SessionSummary, seconds: number): string {
  const frames = Object.values(summary.streams).reduce((sum, stream) => sum + stream.ingested, 0)
  const rows = plan.streams.map(({ descriptor }) => {
    const stream = summary.streams[descriptor.name]!
    const values = stream.produced * (descriptor.channels.length + 1)
    const rawBytes = stream.produced * descriptor.channels.reduce((sum, { type }) => sum + RAW_BYTES[type], 8)
    const lost = Object.values(stream.lost).reduce((sum, count) => sum + count, 0)
    return [
      descriptor.name,
      descriptor.channels.map(({ name, type }) => `${name}:${type}`).join(' '),
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
    ...plan.notes.map((note) => `note: ${note}`),
    '',
    '',
  ].join('\n')
}
