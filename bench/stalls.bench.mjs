// In Chromium, on a cross-origin isolated page: how soon a recorder is ready, and 10,000 frames a second for 30 s while
// the worker stands still now and then, the store stops answering for seconds and the page is busy.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { findBrowser } from '../scripts/browsers.mjs'

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
}
const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title>'

async function bundleWorker() {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      rollupOptions: { input: 'bench/page/stalling-worker.ts', output: { format: 'es', codeSplitting: false } },
    },
  })
  return output[0].code
}

async function serve() {
  const worker = await bundleWorker()
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname
    const content =
      path === '/' ? PAGE : path === '/stalling-worker.js' ? worker : await readFile(`.${path}`).catch(() => undefined)
    if (content === undefined) return response.writeHead(404).end()
    response.writeHead(200, { ...HEADERS, 'content-type': path === '/' ? 'text/html' : 'text/javascript' }).end(content)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

export async function bench({ json, quick }) {
  const executablePath = findBrowser('chromium')
  if (!executablePath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
  const server = await serve()
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--enable-precise-memory-info',
    ],
  })
  const page = await browser.newPage()
  try {
    const readyMs = []
    for (let i = 0; i < (quick ? 5 : 21); i++) {
      await page.goto(server.origin)
      readyMs.push(await page.evaluate(`import('/bench/page/record.js').then(({ ready }) => ready())`))
    }
    readyMs.sort((a, b) => a - b)
    const runs = []
    for (const transport of ['batch', 'shared']) {
      await page.goto(server.origin)
      const options = JSON.stringify({ transport, seconds: quick ? 8 : 30, rateHz: 10_000 })
      runs.push(await page.evaluate(`import('/bench/page/record.js').then(({ record }) => record(${options}))`))
    }
    const median = readyMs[readyMs.length >> 1]
    if (json) return console.log(JSON.stringify({ readyMs, runs }, null, 2))
    console.log(
      `ready from createRecorder(): median ${median.toFixed(0)} ms of ${readyMs.length} loads (${readyMs[0].toFixed(0)}–${readyMs.at(-1).toFixed(0)})`,
    )
    console.log('10,000 frames/s, worker and store stalling, page busy:')
    for (const { transport, pushed, ingested, lost, isConserved, pushUs, longTasks, heapMiB } of runs) {
      const us = (value) => value.toFixed(0)
      console.log(
        `${transport.padEnd(7)} ${pushed} pushed, ${ingested} ingested, lost ${JSON.stringify(lost)}, conserved: ${isConserved}; ` +
          `push p50 ${us(pushUs.p50)} p99 ${us(pushUs.p99)} p99.9 ${us(pushUs.p999)} max ${us(pushUs.max)} µs; ` +
          `tasks over 50 ms: ${longTasks}; heap ${heapMiB[0]?.toFixed(1)} → ${heapMiB.at(-1)?.toFixed(1)} MiB (max ${Math.max(...heapMiB).toFixed(1)})`,
      )
    }
  } finally {
    await browser.close()
    server.close()
  }
}
