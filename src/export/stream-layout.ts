import type { StreamDescriptor } from '../wire/model.js'
import { channelColumn, channelPart, distinctNames, type Layout, timeColumn, timePart } from './layout.js'
import type { SelectedFrames, StreamSelection } from './stream-selection.js'
import type { TableColumn, TablePart } from './table.js'

/** One stream: a row per frame, its time, then a column per channel. */
export class StreamLayout implements Layout {
  readonly columns: TableColumn[]

  /** taken: names that columns cannot have. */
  constructor(selection: StreamSelection, descriptor: StreamDescriptor, taken: readonly string[] = []) {
    const channels = descriptor.channels.map((channel) => channelColumn(channel, channel.name))
    this.columns = distinctNames([timeColumn(selection.isUtc(descriptor)), ...channels], taken)
  }

  *parts(selected: readonly SelectedFrames[]): Generator<TablePart> {
    for (const { frames } of selected) {
      const { timestampsNs, channels } = frames
      const columns = channels.map((channel, c) => channelPart(channel, this.columns[c + 1]!.name))
      yield { rowCount: timestampsNs.length, columns: [timePart(timestampsNs), ...columns] }
    }
  }
}

/** Several streams one after the other, each row with the columns of its own stream; for texts whose rows may differ. */
export class TaggedLayout implements Layout {
  readonly columns: TableColumn[] = []
  readonly #layouts: Map<string, StreamLayout>

  constructor(selection: StreamSelection) {
    this.#layouts = new Map(
      selection.descriptors.map((descriptor) => [descriptor.name, new StreamLayout(selection, descriptor, ['stream'])]),
    )
  }

  *parts(selected: readonly SelectedFrames[]): Generator<TablePart> {
    for (const one of selected) {
      const streamName = one.descriptor.name
      for (const part of this.#layouts.get(streamName)!.parts([one])) yield { ...part, streamName }
    }
  }
}
