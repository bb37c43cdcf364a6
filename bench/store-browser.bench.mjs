// The browser's store in Chromium, in a profile on disk: the work is in bench/page/store.js.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { findBrowser } from '../scripts/browsers.mjs'
import { printTable } from './harness.mjs'

const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title>'

async function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname
    const content = path === '/' ? PAGE : await readFile(`.${path}`).catch(() => undefined)
    if (content === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': path === '/' ? 'text/html' : 'text/javascript' }).end(content)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

export async function bench({ json = false, quick = false } = {}) {
  const executablePath = findBrowser('chromium')
  if (!executablePath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
  const sessions = quick ? 10_000 : 100_000
  const server = await serve()
  // a window without a profile keeps its databases in memory
  const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  })
  try {
    const page = await context.newPage()
    await page.goto(server.origin)
    const { results, error } = await page.evaluate(
      (count) =>
        new Promise((resolve) => {
          const worker = new Worker('/bench/page/store.js', { type: 'module' })
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => resolve({ error: message })
          worker.postMessage(count)
        }),
      sessions,
    )
    if (error) throw new Error(error)
    if (json) {
      const goals = results.map(([what, ms, limitMs]) => ({ what, ms, limitMs }))
      return void process.stdout.write(`${JSON.stringify({ title: 'store-browser', sessions, goals }, null, 2)}\n`)
    }
    printTable(
      `IndexedDB in Chromium, ${sessions} sessions`,
      ['', 'time', 'to reach'],
      results.map(([what, ms, limitMs]) => [
        what,
        `${ms.toFixed(1)} ms`,
        limitMs === undefined ? '' : `≤ ${limitMs} ms`,
      ]),
    )
  } finally {
    await context.close()
    server.close()
    await rm(profile, { recursive: true, force: true })
  }
}
