import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { framesOf, readChunks } from '../../src/read/index.js'
import { EnginePages } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'

const VALID = 'test/golden/v1/valid'
const NAMES = readdirSync(VALID).filter((name) => name.endsWith('.kymo'))

/** Runs in a worker, where there is no document, and in streams as they come from the network. */
const READER = `
import { framesOf, readChunks } from '/dist/read.js'
import { loadKernels } from '/dist/kernels.js'
import { exportFrames } from '/dist/export.js'
const kernels = await loadKernels()
const textOf = async (source, options) => {
  let text = ''
  for await (const item of readChunks(source, options)) {
    if (item.kind === 'damage') throw item.error
    for (const { descriptor } of item.chunk.streams) {
      const { timestampsNs, channels } = framesOf(item.chunk, descriptor.name, options)
      text += descriptor.name + ' ' + timestampsNs.join() + ' ' + channels.map(({ values }) => values.join()).join('|') + '\\n'
    }
  }
  return text
}
postMessage('ready')
onmessage = async ({ data: names }) => {
  try {
    const texts = []
    for (const name of names) {
      const bytes = await fetch('/${VALID}/' + name)
      texts.push([await textOf(bytes.clone().body, {}), await textOf(bytes.body, { kernels })])
    }
    const { body } = await fetch('/${VALID}/amendment.kymo')
    let csv = ''
    const decoder = new TextDecoder()
    for await (const part of exportFrames(readChunks(body), { format: 'csv' })) csv += decoder.decode(part, { stream: true })
    postMessage({ texts, csv, kernels: kernels.build })
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) })
  }
}
`

async function textOf(path: string): Promise<string> {
  let text = ''
  for await (const item of readChunks(readFileSync(path))) {
    if (item.kind === 'damage') throw item.error
    for (const { descriptor } of item.chunk.streams) {
      const { timestampsNs, channels } = framesOf(item.chunk, descriptor.name)
      const columns = channels.map(({ values }) => Array.from(values as ArrayLike<unknown>).join())
      text += `${descriptor.name} ${timestampsNs.join()} ${columns.join('|')}\n`
    }
  }
  return text
}

describe.each(ENGINES)('reading in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('in a worker', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    it('gives the values of the corpus from streams, with kernels and without, and exports them', async () => {
      const result = (await pages.run(
        { '/reader.js': READER },
        `const worker = new Worker('/reader.js', { type: 'module' })
         return new Promise((resolve, reject) => {
           worker.onmessage = ({ data }) => {
             // what is posted while a module still awaits may be lost
             if (data === 'ready') worker.postMessage(${JSON.stringify(NAMES)})
             else resolve(data)
           }
           worker.onerror = ({ message }) => reject(new Error(message))
         })`,
      )) as { texts: [string, string][]; csv: string; kernels: string; error?: string }
      expect(result.error).toBeUndefined()
      expect(result.kernels).toBe('wasm')
      const expected = await Promise.all(NAMES.map((file) => textOf(`${VALID}/${file}`)))
      for (const [index, text] of expected.entries()) expect(result.texts[index]).toEqual([text, text])
      expect(result.csv).toMatch(/^timestamp_ns,/)
    }, 60_000)
  })
})
