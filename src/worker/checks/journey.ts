import { JOURNEY_ID_MAX_LENGTH } from '../../limits.js'
import { normalizeText } from './text.js'

export interface JourneyFields {
  /** Joins sessions into one journey; free text of the application's choosing. */
  journeyId?: string
  /** @deprecated Older name of `journeyId`. */
  clientSessionGroupId?: string
}

/**
 * The journey a session or a lookup names, by either of its names.
 *
 * @throws TypeError | RangeError when it is no text of 1–64 characters, or both names are given and differ.
 */
export function resolveJourneyId(fields: JourneyFields): string | undefined {
  const { journeyId, clientSessionGroupId } = fields
  const current = journeyId === undefined ? undefined : normalizeText('journeyId', journeyId, JOURNEY_ID_MAX_LENGTH)
  const older =
    clientSessionGroupId === undefined
      ? undefined
      : normalizeText('clientSessionGroupId', clientSessionGroupId, JOURNEY_ID_MAX_LENGTH)
  if (current !== undefined && older !== undefined && current !== older) {
    throw new RangeError(
      `"journeyId" (${JSON.stringify(current)}) and its older name "clientSessionGroupId" (${JSON.stringify(older)}) differ; give one of them`,
    )
  }
  return current ?? older
}
