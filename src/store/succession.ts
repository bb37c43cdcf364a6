import { KymographError } from '../errors.js'
import type { Chunk, FrameHeader } from '../wire/model.js'

/**
 * A chunk goes behind the last one of its session, by epoch and number. One that does not was made by somebody who has not
 * seen that last one.
 *
 * @throws KymographError `session-locked`.
 */
export function refuseUnlessNext(chunk: Chunk, last: Pick<FrameHeader, 'epoch' | 'seq'> | undefined): void {
  if (!last || chunk.epoch > last.epoch || (chunk.epoch === last.epoch && chunk.seq > last.seq)) return
  throw new KymographError(
    'session-locked',
    `session ${chunk.sessionId} has got other chunks since it was read; read it again`,
  )
}
