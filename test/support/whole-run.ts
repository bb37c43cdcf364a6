import type * as Entry from '../../src/index.js'
import type * as ReadEntry from '../../src/read/index.js'

type Library = { createRecorder: (options: never) => Promise<Entry.Recorder> } & Pick<
  typeof ReadEntry,
  'framesOf' | 'readChunks'
>

/** What a realm makes of one and the same work; but for `capabilities`, the same in all. */
export interface WholeRun {
  capabilities: Entry.Capabilities
  /** By session, its chunks in their frames, as hex. */
  frames: string[][]
  /** Cells that were read back otherwise than they were given. */
  differences: number
  /** Sessions found, page by page. */
  found: string[]
  /** Class, code and message of what was refused. */
  refused: string[]
}

/**
 * Records every type of channel by `push`, with marks, changed labels, absent and invalid values, and steps back in
 * time; looks sessions up and has mistakes refused. Runs in pages, as its own text, and in Node.
 */
export async function recordEverything(
  { createRecorder, framesOf, readChunks }: Library,
  options: object,
): Promise<WholeRun> {
  // what pages before have recorded
  await new Promise<void>((resolve) => {
    const request = globalThis.indexedDB?.deleteDatabase('kymograph')
    if (request) request.onsuccess = request.onerror = () => resolve()
    else resolve()
  })
  type Cell = number | bigint | string | null
  let seed = 1
  // integers only: no engine computes them otherwise
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return (seed >>> 8) % below
  }
  const mixed: Cell[][] = []
  for (let i = 0; i < 1500; i++) {
    mixed[i] = [
      i % 17 === 0 ? null : next(2000) - 1000,
      BigInt(next(1_000_000)) * 4_294_967_311n - 2_000_000_000_000_000n,
      ['walk', 'run', 'stand'][next(3)]!,
      i % 11 === 0 ? null : `step ${next(40)} – ß😀`,
      Math.fround(next(100_000) / 64),
    ]
  }
  const plain: Cell[][] = []
  for (let i = 0; i < 2000; i++)
    plain[i] = [(next(4000) - 2000) / 100, next(1_000_000) / 7, i === 77 ? -0 : next(9) / 10]
  const inputs = [
    {
      stream: 'plain',
      clock: 'monotonic' as const,
      channels: ['x', 'y', 'z'],
      rows: plain,
      // repeats and steps back now and then
      timeOf: (i: number) => i * 10 - (i % 100 === 99 ? 15 : 0),
    },
    {
      stream: 'mixed',
      clock: 'unix' as const,
      channels: [
        { name: 'level', type: 'i32' as const },
        { name: 'ticks', type: 'i64' as const, unit: 'ns' },
        { name: 'gait', type: 'enum' as const, values: ['stand', 'walk', 'run'] },
        { name: 'note', type: 'text' as const },
        { name: 'angle', type: 'f32' as const, unit: 'deg', kind: 'angle' as const },
      ],
      rows: mixed,
      timeOf: (i: number) => 1_760_000_000_000_000_000n + BigInt(i) * 20_000_001n,
    },
    // one chunk: how much a resampler has taken when a chunk is full is a matter of time
    {
      stream: 'grid',
      clock: 'relative' as const,
      channels: ['x', { name: 'yaw', unit: 'deg', kind: 'angle' as const }, { name: 'note', type: 'text' as const }],
      rows: plain
        .slice(0, 400)
        .map((row, i): Cell[] => [row[0]!, (i * 17) % 360, i % 9 === 0 ? null : `step ${i % 23}`]),
      timeOf: (i: number) => i * 10 + ((i * 7) % 5),
      resample: { rateHz: 30, quality: 'fast' as const },
    },
  ]

  const recorder = await createRecorder(options as never)
  const { capabilities } = recorder
  const frames: string[][] = []
  let differences = 0
  for (const { stream, clock, channels, rows, timeOf, ...grid } of inputs) {
    const isResampled = stream === 'grid'
    const session = await recorder.createSession({
      labels: ['login', stream],
      journeyId: 'checkout-7f3a',
      metadata: { app: 'shop', größe: 'ß → 😀' },
      autoMetadata: false,
      importedStartNs: 1_760_000_000_000_000_000n,
      chunk: { maxMs: 60_000, maxBytes: 16_384 },
      streams: { [stream]: { channels, clock, overflow: 'wait', ...grid } },
    })
    const writer = session.stream(stream)
    for (let i = 0; i < rows.length; i++) {
      while (!writer.push(timeOf(i), ...rows[i]!)) await writer.ready
    }
    // no type can hold these: absent, and counted; chunks know counts as of when they are sealed, which over a shared
    // ring is a matter of time
    const isInvalidLast = stream === 'mixed'
    if (isInvalidLast) writer.push(timeOf(rows.length), {} as never)
    session.mark('checked', { name: stream, frames: rows.length, x: 0.1, isWhole: true })
    if (!isResampled) session.setLabels(['login', stream, 'checked'])
    await session.stop()

    let frame = 0
    const hex: string[] = []
    for await (const { bytes } of recorder.sessions.chunks(session.id)) {
      let text = ''
      for (let i = 0; i < bytes.length; i++) text += (256 + bytes[i]!).toString(16).slice(1)
      hex.push(text)
      for await (const item of readChunks(bytes)) {
        if (item.kind !== 'chunk') throw item.error
        const read = framesOf(item.chunk, stream)
        for (let i = 0; i < read.timestampsNs.length; i++, frame++) {
          if (frame === rows.length || isResampled) continue
          const time = timeOf(frame)
          const timeNs = typeof time === 'bigint' ? time : BigInt(time) * 1_000_000n
          if (read.timestampsNs[i] !== timeNs) differences += 1
          for (let c = 0; c < read.channels.length; c++) {
            const { descriptor, values, validity, dictionary } = read.channels[c]!
            let cell: Cell = values[i]!
            if (descriptor.type === 'enum') cell = descriptor.values![Number(cell)]!
            if (dictionary) cell = dictionary[Number(cell)]!
            if (validity && !((validity[i >> 3]! >> (i & 7)) & 1)) cell = null
            if (!Object.is(cell, rows[frame]![c])) differences += 1
          }
        }
      }
    }
    if (frame !== (isResampled ? 120 : rows.length + (isInvalidLast ? 1 : 0))) differences += 1
    frames.push(hex)
  }

  const found: string[] = []
  const all = { journeyId: 'checkout-7f3a', labels: ['checked'], order: 'oldest' as const }
  for await (const { id } of recorder.sessions.find(all)) found.push(id)
  const first = await recorder.sessions.page({ ...all, limit: 1 })
  const second = await recorder.sessions.page({ ...all, limit: 1, cursor: first.cursor })
  for (const { id } of [...first.sessions, ...second.sessions]) found.push(id)
  found.push(String(second.cursor))

  const refused: string[] = []
  const refuse = async (attempt: () => Promise<unknown>) => {
    try {
      await attempt()
      refused.push('taken')
    } catch (error) {
      const { name, code, message, cause } = error as { name: string; code?: string; message: string; cause?: unknown }
      refused.push(
        `${error instanceof Error} ${name} ${Object.hasOwn(error as object, 'code') ? code : ''} ${message} ${Object.hasOwn(error as object, 'cause') ? cause : ''}`,
      )
    }
  }
  await refuse(() => recorder.sessions.get('no id'))
  await refuse(() => recorder.sessions.page({ limit: -1 }))
  await refuse(() => recorder.createSession({ streams: {}, lables: ['login'] } as never))
  await refuse(() => recorder.createSession({ labels: [''], streams: {} }))
  await refuse(() => recorder.sessions.page({ cursor: 'made up' }))
  await recorder.dispose()
  await refuse(() => recorder.sessions.page())
  return { capabilities, frames, differences, found, refused }
}

/**
 * Makes everything stand still that differs from one recording to the next: both clocks of the page and the random
 * bits of session ids. Returns what undoes it. Runs in pages, as its own text, and in Node.
 */
export function standStill(): () => void {
  const { now } = performance
  const { now: dateNow } = Date
  const { getRandomValues } = crypto
  let ids = 0
  Date.now = () => 1_767_225_600_000
  performance.now = () => 1234.5
  crypto.getRandomValues = ((bytes: Uint8Array) => {
    ids += 1
    for (let i = 0; i < bytes.length; i++) bytes[i] = (31 * i + 7 * ids) & 255
    return bytes
  }) as typeof crypto.getRandomValues
  return () => {
    Date.now = dateNow
    performance.now = now
    crypto.getRandomValues = getRandomValues
  }
}
