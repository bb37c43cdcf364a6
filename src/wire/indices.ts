import { KymographError } from '../errors.js'
import type { ColumnArray } from '../kernels/types.js'
import type { ChannelDescriptor, ColumnPiece } from './model.js'

/** What the values of an enum or text channel are indices into; undefined for the others. */
export function textsOfChannel(channel: ChannelDescriptor, piece: ColumnPiece): readonly string[] | undefined {
  if (channel.type === 'enum') return channel.values ?? []
  return channel.type === 'text' ? (piece.dictionary ?? []) : undefined
}

/** @throws KymographError `malformed` when an index points to no text. */
export function checkIndices(channelName: string, indices: ColumnArray, texts: readonly string[]): void {
  for (const index of indices as Int32Array) {
    if (index < 0 || index >= texts.length) {
      throw new KymographError('malformed', `channel "${channelName}": index ${index} of ${texts.length} texts`)
    }
  }
}
