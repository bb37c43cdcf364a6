import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const PAGE = `<!doctype html><meta charset="utf-8"><title>kymograph</title>
<script type="importmap">{ "imports": { "kymograph": "/dist/index.js", "kymograph/sources": "/dist/sources.js" } }</script>`

describe.skipIf(!runsBrowserTests)('in Chromium', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    server.serve('/test-page.html', PAGE)
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  it('runs the example of the README', async () => {
    const readme = await readFile('README.md', 'utf8')
    const example = /## In the browser\s+```js\n([\s\S]*?)```/.exec(readme)?.[1]
    expect(example).toContain("from 'kymograph'")
    // the pointer moves while the session is open
    const script = example!.replace(
      'const summary = await session.stop()',
      'globalThis.isOpen = true\nawait globalThis.moved\nconst summary = await session.stop()',
    )
    server.serve(
      '/readme.html',
      `${PAGE}<body style="width:400px;height:400px"><script type="module">
        globalThis.moved = new Promise((resolve) => { globalThis.resume = resolve })
        ${script}
        globalThis.done = { summary, name: summary.streams.pointer, found: [...await (async () => {
          const all = []; for await (const s of recorder.sessions.find({ labels: ['login'] })) all.push(s.id); return all })()] }
      </script>`,
    )
    await page.goto(`${server.origin}/readme.html`)
    await page.waitForFunction('globalThis.isOpen')
    for (let i = 0; i < 20; i++) await page.mouse.move(10 + i * 5, 20 + i * 3)
    await page.evaluate('globalThis.resume()')
    await page.waitForFunction('globalThis.done')
    const done = (await page.evaluate('globalThis.done')) as {
      summary: { id: string }
      name: { ingested: number }
      found: string[]
    }
    expect(done.name.ingested).toBeGreaterThanOrEqual(20)
    expect(done.found).toEqual([done.summary.id])
    expect(errors).toEqual([])
  }, 60_000)

  it('runs the example of sources', async () => {
    const readme = await readFile('README.md', 'utf8')
    const example = /## Sources[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)?.[1]
    server.serve(
      '/sources.html',
      `${PAGE}<body style="width:400px;height:400px"><button id="agree">agree</button><script type="module">
        ${example}
        globalThis.session = session
      </script>`,
    )
    await page.goto(`${server.origin}/sources.html`)
    await page.waitForFunction(`globalThis.session?.state === 'awaiting-consent'`)
    await page.click('#agree')
    await page.waitForFunction(`session.state === 'recording'`)
    await page.mouse.move(100, 100)
    const summary = (await page.evaluate('session.stop()')) as { journeyId: string; streams: Record<string, object> }
    expect(summary.journeyId).toMatch(/^[\da-f]{8}-/)
    expect(summary.streams.pointer).toMatchObject({ lost: {} })
    expect(errors).toEqual([])
  }, 60_000)
})
