// Runs in a process of its own until it is killed. What it prints it has been told; it prints at once.
// A: `node crash-recorder.mjs DIST DIRECTORY stream`: one session without end; prints `session ID`, `accepted FRAMES`,
//    `stored SEQ` as the chunks are announced.
// B: `… sessions`: sessions one after the other, some with new labels after the stop, some removed; prints `stopped ID
//    LABEL`, `labelled ID LABEL`, `removed ID` when that is done.
import { writeSync } from 'node:fs'

const [dist, directory, mode] = process.argv.slice(2)
const { createRecorder } = await import(dist)
const say = (...words) => writeSync(1, `${words.join(' ')}\n`)
const recorder = await createRecorder({ store: { directory } })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function streamOn() {
  const session = await recorder.createSession({
    labels: ['crash'],
    journeyId: 'crash',
    chunk: { maxBytes: 4096, maxMs: 50 },
    streams: { s: { channels: ['x', 'y'], overflow: 'wait', clock: 'relative' } },
  })
  say('session', session.id)
  session.addEventListener('chunk', ({ detail }) => say('stored', detail.seq))
  const stream = session.stream('s')
  for (let at = 0; ; ) {
    const count = 5 + (at % 11)
    const times = Float64Array.from({ length: count }, (_, i) => at + i)
    const values = Float64Array.from({ length: 2 * count }, (_, i) => Math.sin(2 * at + i))
    at += stream.write(times, values)
    say('accepted', at)
    await pause(1)
  }
}

async function sessionsOn() {
  for (let number = 0; ; number++) {
    const label = `n${number % 5}`
    const session = await recorder.createSession({
      labels: [label],
      journeyId: 'crash',
      streams: { s: { channels: ['x'], clock: 'relative' } },
    })
    session.stream('s').push(number, number)
    await session.stop()
    say('stopped', session.id, label)
    if (number % 3 === 1) {
      await recorder.sessions.setLabels(session.id, ['amended'])
      say('labelled', session.id, 'amended')
    }
    if (number % 7 === 2) {
      await recorder.sessions.delete(session.id)
      say('removed', session.id)
    }
  }
}

await (mode === 'sessions' ? sessionsOn() : streamOn())
