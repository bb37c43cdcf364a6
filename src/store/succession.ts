import { KymographError } from '../errors.js'
import type { Chunk, FrameHeader } from '../wire/model.js'

/**
 * What is only said of a session — other labels, that it was cut off — is said of none that was removed since.
 *
 * A chunk goes behind the last one of its session, by epoch and number. One that does not was made by somebody who has not
 * seen that last one.
 *
 * @throws KymographError `session-locked`, `not-found`.
 */
export function refuseUnlessNext(chunk: Chunk, last: Pick<FrameHeader, 'epoch' | 'seq'> | undefined): void {
  if (!last && (chunk.amendment || chunk.tailNs !== undefined)) {
    throw new KymographError(
      'not-found',
      `no session ${chunk.sessionId} in the store: it was removed since it was read`,
    )
  }
  if (!last || chunk.epoch > last.epoch || (chunk.epoch === last.epoch && chunk.seq > last.seq)) return
  throw new KymographError(
    'session-locked',
    `session ${chunk.sessionId} has got other chunks since it was read; read it again`,
  )
}
