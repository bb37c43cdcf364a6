import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type ImportOptions, type ImportPlan, inspectFile, readFrames } from '../../src/cli/tabular/index.js'

const directory = mkdtempSync(join(tmpdir(), 'kymograph-tabular-'))
let fileCount = 0

/** Takes the test's files away when it is done. */
export function removeFixtures(): void {
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
}

export function fixture(content: string | Uint8Array, name = 'walk.csv'): string {
  const path = join(directory, `${fileCount++}-${name}`)
  writeFileSync(path, content)
  return path
}

export interface Frames {
  timestampsNs: bigint[]
  /** By channel; absent is undefined, an enum index its value. */
  values: Record<string, unknown[]>
}

/** Everything a plan's file holds, by stream. */
export async function framesByStream(plan: ImportPlan): Promise<Map<string, Frames>> {
  const streams = new Map<string, Frames>()
  for (const { descriptor } of plan.streams) {
    const values = Object.fromEntries(descriptor.channels.map(({ name }) => [name, [] as unknown[]]))
    streams.set(descriptor.name, { timestampsNs: [], values })
  }
  for await (const batch of readFrames(plan)) {
    const frames = streams.get(batch.stream)!
    frames.timestampsNs.push(...batch.timestampsNs)
    const { channels } = plan.streams.find(({ descriptor }) => descriptor.name === batch.stream)!.descriptor
    channels.forEach(({ name, values }, c) => {
      for (let i = 0; i < batch.frameCount; i++) {
        const value = batch.columns[c]![i]
        const isAbsent = batch.present[c]?.[i] === 0
        frames.values[name]!.push(isAbsent ? undefined : values ? values[value as number] : value)
      }
    })
  }
  return streams
}

/** Plan and frames of a file of one stream. */
export async function importText(
  content: string | Uint8Array,
  options: ImportOptions = {},
  name?: string,
): Promise<{ plan: ImportPlan } & Frames> {
  const plan = await inspectFile(fixture(content, name), options)
  const [frames] = [...(await framesByStream(plan)).values()]
  return { plan, ...frames! }
}

/** `name:type` of the channels, joined. */
export function channelsOf(plan: ImportPlan, stream = 0): string {
  return plan.streams[stream]!.descriptor.channels.map(({ name, type }) => `${name}:${type}`).join(' ')
}
