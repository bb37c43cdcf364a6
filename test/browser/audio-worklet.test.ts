import * as esbuild from 'esbuild-wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ISOLATED } from '../support/engine-pages.js'
import { ENGINES, type Engine, launchEngine } from '../support/engines.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'
import type { WorkletOutcome } from '../support/worklet-page.js'

const FRAMES = 48_000
/** Engines that have shared memory. */
const SHARING = ENGINES.filter(({ name }) => name !== 'webkit')

async function bundle(path: string): Promise<string> {
  const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, format: 'esm', write: false })
  return outputFiles[0]!.text
}

describe.each(SHARING)('in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('an AudioWorklet', () => {
    let server: StaticServer
    let engine: Engine

    beforeAll(async () => {
      server = await startStaticServer(process.cwd())
      server.serve('/worklet-producer.js', await bundle('test/support/worklet-producer.ts'))
      server.serve('/worklet-page.js', await bundle('test/support/worklet-page.ts'))
      engine = await launchEngine(name)
    }, 90_000)

    afterAll(async () => {
      await engine?.close()
      await server?.close()
    }, 30_000)

    async function record(capacityFrames: number): Promise<WorkletOutcome> {
      const id = `ring-${capacityFrames}`
      server.serve(
        `/${id}.js`,
        `import { recordSound } from '/worklet-page.js'
        const result = await recordSound(${capacityFrames}).catch((error) => ({ error: String(error) }))
        await fetch('/result/${id}', { method: 'POST', body: JSON.stringify(result) })`,
      )
      server.serve(`/${id}.html`, {
        headers: ISOLATED,
        body: `<!doctype html><script type="module" src="/${id}.js"></script>`,
      })
      const [outcome] = await Promise.all([server.result(id, 20_000), engine.open(`${server.origin}/${id}.html`)])
      return outcome as WorkletOutcome
    }

    it('writes into a ring of shared memory, and every sample arrives', async () => {
      expect(await record(65_536)).toMatchObject({
        frames: FRAMES,
        differences: 0,
        counts: { received: FRAMES, ingested: FRAMES, produced: FRAMES, lost: {} },
      })
    }, 40_000)

    it('counts what a ring too small cannot take', async () => {
      const { frames, counts } = await record(64)
      expect(counts.received).toBe(FRAMES)
      expect(counts.lost).toEqual({ overflow: FRAMES - frames })
      expect(frames).toBeLessThan(FRAMES)
    }, 40_000)
  })
})
