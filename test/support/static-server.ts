import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
}

/** Pages post what they have seen here: no policy that lets them reach their server forbids it. */
const RESULT_PATH = '/result/'

export interface Answer {
  status?: number
  headers?: Record<string, string>
  /** In place of the file at the path. */
  body?: string
}

export interface StaticServer {
  origin: string
  /** Answers `path` with this page, or in this way, from now on. */
  serve(path: string, answer: string | Answer): void
  /** What a page posts to `/result/<id>`; rejects when nothing comes in time. */
  result(id: string, timeLimitMs: number): Promise<unknown>
  close(): Promise<void>
}

/** Serves the project's files and pages made by a test, on the loopback interface. */
export async function startStaticServer(root: string): Promise<StaticServer> {
  const answers = new Map<string, Answer>()
  const waiting = new Map<string, (result: unknown) => void>()
  const server: Server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    if (request.method === 'POST' && path.startsWith(RESULT_PATH)) {
      waiting.get(path.slice(RESULT_PATH.length))?.(JSON.parse(await bodyOf(request)))
      response.writeHead(204).end()
      return
    }
    const { status = 200, headers, body } = answers.get(path) ?? {}
    const file = join(root, path)
    const found = body === undefined && status === 200 ? await stat(file).catch(() => undefined) : undefined
    if (body === undefined && !found?.isFile()) {
      response.writeHead(status === 200 ? 404 : status, headers).end()
      return
    }
    response.writeHead(status, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', ...headers })
    if (body === undefined) createReadStream(file).pipe(response)
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    serve: (path, answer) => void answers.set(path, typeof answer === 'string' ? { body: answer } : answer),
    result: (id, timeLimitMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`the page has not posted ${RESULT_PATH}${id} within ${timeLimitMs} ms`)),
          timeLimitMs,
        )
        waiting.set(id, (result) => {
          clearTimeout(timer)
          waiting.delete(id)
          resolve(result)
        })
      }),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
