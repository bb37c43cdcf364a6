import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

type Behaviour = (receiver: MisbehavingReceiver, request: IncomingMessage, response: ServerResponse) => Promise<void>

const JSON_TYPE = { 'content-type': 'application/json' }
const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  async (_, request, response) => {
    await bodyOf(request)
    response.writeHead(code, headers).end('busy')
  }

/** What a receiver, or somebody in between, may do to a delivery (F45, F47–F49). */
export const BEHAVIOURS: Record<string, Behaviour> = {
  'cut before it is read': async (_, request) => void request.socket.destroy(),
  'cut after it is stored': async (receiver, request) => {
    receiver.keep(request, await bodyOf(request))
    request.socket.destroy()
  },
  'stored, then 503': async (receiver, request, response) => {
    receiver.keep(request, await bodyOf(request))
    response.writeHead(503).end()
  },
  'stored, answered too late': async (receiver, request, response) => {
    receiver.keep(request, await bodyOf(request))
    await delay(receiver.slowMs)
    response.writeHead(200, JSON_TYPE).end(receiver.receipt(request))
  },
  'page of a captive portal': async (_, request, response) => {
    await bodyOf(request)
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome to the hotel</title>')
  },
  'empty 204': async (_, request, response) => {
    await bodyOf(request)
    response.writeHead(204).end()
  },
  'receipt with another digest': async (receiver, request, response) => {
    await bodyOf(request)
    const receipt = receiver.receipt(request).replace(/crc32c:./, 'crc32c:g')
    response.writeHead(200, JSON_TYPE).end(receipt)
  },
  'receipt of another chunk': async (receiver, request, response) => {
    await bodyOf(request)
    response.writeHead(200, JSON_TYPE).end(receiver.lastReceipt)
  },
  'receipt cut short': async (receiver, request, response) => {
    receiver.keep(request, await bodyOf(request))
    response.writeHead(200, { ...JSON_TYPE, 'content-length': '500' })
    response.write(receiver.receipt(request).slice(0, 20), () => request.socket.destroy())
  },
  redirect: async (_, request, response) => {
    await bodyOf(request)
    response.writeHead(302, { location: '/elsewhere' }).end()
  },
  408: status(408),
  425: status(425),
  429: status(429, { 'retry-after': 'garbage' }),
  500: status(500),
  502: status(502),
  503: status(503),
}

/** Stores chunks by id, the first that comes, and misbehaves in between. */
export class MisbehavingReceiver {
  readonly chunks = new Map<string, Buffer>()
  /** Chunks that came again, and such that came again with other bytes. */
  repeated = 0
  altered = 0
  /** Sessions whose chunks were not first stored in their order. */
  readonly disordered = new Set<string>()
  lastReceipt = '{}'
  slowMs = 80
  readonly behaved = new Map<string, number>()
  readonly #lastSeqs = new Map<string, number>()
  readonly #next: () => string | undefined
  readonly #server: Server

  /** next: what to do with the next request, by name; undefined: all that is right. */
  private constructor(next: () => string | undefined) {
    this.#next = next
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  static async start(next: () => string | undefined): Promise<MisbehavingReceiver> {
    const receiver = new MisbehavingReceiver(next)
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/chunks`
  }

  keep(request: IncomingMessage, body: Buffer): void {
    const id = request.headers['idempotency-key'] as string
    const known = this.chunks.get(id)
    if (known) {
      this.repeated += 1
      if (!known.equals(body)) this.altered += 1
      return
    }
    this.chunks.set(id, body)
    const [sessionId, , seq] = id.split(':')
    if (Number(seq) !== (this.#lastSeqs.get(sessionId!) ?? -1) + 1) this.disordered.add(sessionId!)
    this.#lastSeqs.set(sessionId!, Number(seq))
  }

  receipt(request: IncomingMessage): string {
    return JSON.stringify({ id: request.headers['idempotency-key'], digest: request.headers['chunk-digest'] })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = this.#next()
    if (name !== undefined) {
      this.behaved.set(name, (this.behaved.get(name) ?? 0) + 1)
      return BEHAVIOURS[name]!(this, request, response)
    }
    this.keep(request, await bodyOf(request))
    this.lastReceipt = this.receipt(request)
    response.writeHead(200, JSON_TYPE).end(this.lastReceipt)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
