import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { docstringExamples } from '../support/doc-examples.js'
import { finish, framesIn, openSourcePage, serveSourcePage } from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const examples = (await docstringExamples()).filter(([where]) => where.startsWith('src/sources'))

describe.skipIf(!runsBrowserTests)('examples in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let server: StaticServer
  const errors: string[] = []

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    browser = await launchChromium()
    context = await browser.newContext()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(): Promise<Page> {
    const page = await context.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(`${server.origin}/examples/page/index.html`)
    await page.waitForFunction(`document.querySelector('#state').textContent === 'awaiting-consent'`)
    return page
  }

  it.each(examples)(
    'in the docstring of %s runs',
    async (_, code) => {
      const page = await context.newPage()
      await openSourcePage(page, serveSourcePage(server))
      const body = JSON.stringify(code)
      await page.evaluate(`(async () => {
      const AsyncFunction = (async () => {}).constructor
      const recorder = await createRecorder({ store: 'memory' })
      const scope = { ...sources, recorder }
      await new AsyncFunction(...Object.keys(scope), ${body})(...Object.values(scope))
      await recorder.dispose()
    })()`)
      await page.close()
    },
    30_000,
  )

  it('in docs/sources.md runs, and its table names every stream and channel', async () => {
    const docs = await readFile('docs/sources.md', 'utf8')
    const page = await context.newPage()
    await openSourcePage(page, serveSourcePage(server))
    const streamsOf = (source: string) =>
      page.evaluate(`${source}.prepare().then(({ streams }) =>
        Object.entries(streams).map(([name, { channels }]) => [name, channels.map((channel) => channel.name ?? channel)]))`)
    for (const [, call, name] of docs.matchAll(/^\| `((\w+)\([^`]*\))` \|.*$/gm)) {
      const row = docs.split('\n').find((line) => line.startsWith(`| \`${call}`))!
      const options = name === 'pointer' ? '{ rateHz: 50, describeTarget: () => undefined }' : '{}'
      const words = new Set(row.match(/[\w.]+/g))
      for (const [stream, channels] of (await streamsOf(`sources.${name}(${options})`)) as [string, string[]][]) {
        for (const word of [stream, ...channels]) expect([name, word, words.has(word)]).toEqual([name, word, true])
      }
    }
    const documented = [...docs.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name)
    const published = (await page.evaluate('Object.keys(sources)')) as string[]
    expect(documented.sort()).toEqual(published.filter((name) => name !== 'requestPermissions').sort())

    const own = /## A source of your own[\s\S]*?```js\n([\s\S]*?)```/.exec(docs)![1]
    await page.evaluate(`(async () => {
      globalThis.device = {}
      await begin({ sources: [(() => { ${own}; return thermometer })()] }, { store: 'memory' })
      device.onreading(36.6)
    })()`)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'thermometer')).toMatchObject([{ temperature: 36.6 }])
    expect(await page.evaluate('device.onreading')).toBeNull()
    await page.close()
  }, 30_000)

  const textOf = (page: Page, id: string) => page.textContent(`#${id}`)

  it('on the example page record a login after consent, one session per attempt, in one journey over tabs and reloads', async () => {
    const page = await open()
    await page.fill('[name=name]', 'before')
    expect(await page.locator('#sessions li').count()).toBe(0)
    await page.click('#agree')
    await page.waitForFunction(`document.querySelector('#state').textContent === 'recording'`)
    const journey = await textOf(page, 'journey')
    expect(journey).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    await page.click('[name=name]')
    await page.keyboard.type('ada')
    await page.click('[name=password]')
    await page.keyboard.type('hunter2')
    await page.click('#login button')
    await page.waitForFunction(`document.querySelectorAll('#sessions li').length > 0`)
    const rows = await page.locator('#streams tr').allInnerTexts()
    const row = (name: string) => rows.find((text) => text.startsWith(name))!.split(/\s+/)
    expect(row('keyboard').slice(1)).toEqual(['7', '6', '1', 'redacted'])
    expect(row('textInput').slice(1)).toEqual(['4', '3', '1', 'redacted'])
    expect(row('formSubmit').slice(1, 3)).toEqual(['1', '1'])
    expect(await textOf(page, 'sessions')).toContain('login, submitted')
    await page.waitForFunction(`document.querySelector('#state').textContent === 'recording'`)
    expect(await textOf(page, 'journey')).toBe(journey)

    const other = await open()
    await other.click('#agree')
    await other.waitForFunction(`document.querySelector('#journey').textContent !== ''`)
    expect(await textOf(other, 'journey')).toBe(journey)
    await other.reload()
    await other.waitForFunction(`document.querySelector('#state').textContent === 'awaiting-consent'`)
    await other.click('#agree')
    await other.waitForFunction(`document.querySelector('#journey').textContent !== ''`)
    expect(await textOf(other, 'journey')).toBe(journey)
    await other.click('#withdraw')
    await other.waitForFunction(`document.querySelector('#state').textContent === 'stopped'`)
    await page.click('#withdraw')
    await page.click('#forget')
    await page.waitForFunction(`document.querySelectorAll('#sessions li').length === 0`)
    expect(errors).toEqual([])
  }, 60_000)
})
