import { expect, it, onTestFinished } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { Chunk } from '../../src/wire/model.js'
import { createInProcessRecorder } from '../support/in-process-recorder.js'

/** Full after two chunks. */
class SmallStore extends MemoryStore {
  override async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    if (chunk.seq === 2) throw new Error('no space left')
    await super.append(chunk, frame)
  }
}

it('hands over what was stored of a session that has failed, and then says why', async () => {
  const recorder = await createInProcessRecorder(new SmallStore())
  onTestFinished(() => recorder.dispose())
  const session = await recorder.createSession({ streams: { s: { channels: ['v'] } } })
  const stream = session.stream('s')
  for (let i = 0; i < 2; i++) {
    stream.push(i, i)
    await session.flush()
  }
  stream.push(2, 2)
  await expect(session.stop()).rejects.toMatchObject({ code: 'storage-error' })
  const seqs: number[] = []
  const followed = (async () => {
    for await (const { seq } of session.chunks()) seqs.push(seq)
  })()
  await expect(followed).rejects.toMatchObject({ code: 'storage-error' })
  expect(seqs).toEqual([0, 1])
})
