// Sessions as they are looked up: 50 labels and a few common ones, journeys of 100 sessions, a minute apart.
import { frameOf, sampleChunks } from '../dist/store.js'

const METADATA = [
  ['app', 'shop'],
  ['build', '412'],
  ['library', 'kymograph 0.1.0'],
  [
    'userAgent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  ],
  ['screen', '1920x1080@1'],
  ['locale', 'de-DE'],
]

export function sampleSession(number) {
  const labels = [
    `label-${number % 50}`,
    ...(number % 3 === 0 ? ['login'] : []),
    ...(number % 7 === 0 ? ['retry'] : []),
  ]
  return {
    number,
    startMinute: number,
    durationMs: 20_000,
    labels,
    journeyId: `journey-${Math.floor(number / 100)}`,
    metadata: METADATA,
    // 4 KiB
    framesPerChunk: 225,
  }
}

/** The session's chunk at `index`, of so many. */
export function sampleFrame(session, chunks = 1, index = 0) {
  const chunk = sampleChunks({ ...session, chunks })[index]
  return { chunk, frame: frameOf(chunk) }
}
