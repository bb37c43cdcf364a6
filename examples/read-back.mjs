// Finds the gaze session of a journey, reads its chunks and compares every value with the file it came from.
import { readFile } from 'node:fs/promises'
import { createRecorder } from '../dist/node.js'
import { framesOf, readChunks } from '../dist/read.js'

export async function readBack(store, journeyId, csvPath) {
  const recorder = await createRecorder({ store: { directory: store } })
  const [session] = (await recorder.sessions.page({ journeyId, labels: ['login'] })).sessions
  const rows = (await readFile(csvPath, 'utf8'))
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))

  let row = 0
  let differences = 0
  for await (const { bytes } of recorder.sessions.chunks(session.id)) {
    for await (const { chunk } of readChunks(bytes)) {
      const { timestampsNs, channels } = framesOf(chunk, chunk.streams[0].descriptor.name)
      for (let i = 0; i < timestampsNs.length; i++, row++) {
        const [time, ...cells] = rows[row] ?? []
        if (timestampsNs[i] !== BigInt(time)) differences += 1
        cells.forEach((cell, c) => {
          const { descriptor, values } = channels[c]
          const expected = descriptor.type === 'f32' ? Math.fround(Number(cell)) : Number(cell)
          if (!Object.is(values[i], expected)) differences += 1
        })
      }
    }
  }
  await recorder.dispose()

  const values = rows.length * (rows[0]?.length ?? 0)
  const isIdentical = differences === 0 && row === rows.length
  console.log(`\nread back session ${session.id}: ${row} frames`)
  console.log(
    isIdentical ? `every one of ${values} timestamps and values is identical` : `${differences} of ${values} differ`,
  )
  if (!isIdentical) process.exitCode = 1
}
