import { retryAfterMsOf } from './back-off.js'
import { type ChunkSink, DeliveryError, type OutgoingChunk, type Receipt } from './port.js'

export type HttpHeaders = Record<string, string>

export interface HttpSinkOptions {
  /** Where chunks are posted to. */
  url: string
  /** Sent along with each chunk, or a function that gives them each time. */
  headers?: HttpHeaders | (() => HttpHeaders | Promise<HttpHeaders>)
  name?: string
}

const FIELDS = ['url', 'headers', 'name']

/** A receipt is short; whatever is longer is none, and is not read to its end. */
const RECEIPT_MAX_BYTES = 16_384
const RETRIED: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * Posts each chunk as it is stored: the frame is the body, `idempotency-key` the chunk's id and `chunk-digest` its digest.
 * The receiver answers 2xx with the JSON `{ "id", "digest" }` of what it has stored. Anything else is no receipt, also
 * the 200 of a captive portal. Requests are made by the worker; `headers`, if it is a function, is called on the page.
 *
 * @throws TypeError for a URL that is none, and for an option nobody knows.
 *
 * @example
 * const sink = httpSink({ url: 'https://collector.example/chunks', headers: { authorization: 'Bearer …' } })
 */
export function httpSink(options: HttpSinkOptions): ChunkSink {
  return new HttpSink(options)
}

class HttpSink implements ChunkSink {
  readonly kind = 'http'
  readonly name: string
  readonly url: string
  readonly headers: HttpSinkOptions['headers']

  constructor(options: HttpSinkOptions) {
    const unknown = Object.keys(options).find((field) => !FIELDS.includes(field))
    if (unknown !== undefined) {
      throw new TypeError(`httpSink() has no option "${unknown}"; it knows ${FIELDS.join(', ')}`)
    }
    const { url, headers, name = 'http' } = options
    const { protocol, username, password, href } = new URL(url, globalThis.location?.href)
    // fetch refuses each of these, each time
    if (!/^https?:$/.test(protocol) || username !== '' || password !== '') {
      throw new TypeError(`"url" expected http: or https: without a name and password, got ${protocol}//…`)
    }
    this.url = href
    this.headers = headers
    this.name = name
  }

  deliver(chunk: OutgoingChunk, signal: AbortSignal): Promise<Receipt> {
    return this.#post(chunk, { signal })
  }

  deliverAtHide(chunk: OutgoingChunk): Promise<Receipt> {
    return this.#post(chunk, { keepalive: true })
  }

  async #post(chunk: OutgoingChunk, how: RequestInit): Promise<Receipt> {
    const given = typeof this.headers === 'function' ? await this.headers() : this.headers
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        ...given,
        'content-type': 'application/vnd.kymograph.chunk',
        'idempotency-key': chunk.id,
        'chunk-digest': chunk.digest,
      },
      body: chunk.bytes as BufferSource,
      redirect: 'manual',
      cache: 'no-store',
      ...how,
    })
    const text = await beginningOf(response)
    if (response.ok) return receiptOf(text, chunk)
    throw refusalOf(response, text)
  }
}

/** Reads to the end, since an unread body keeps its connection, or closes that when there is too much of it. */
async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let byteLength = 0; reader; ) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
    byteLength += value.length
    if (byteLength <= RECEIPT_MAX_BYTES) continue
    reader.cancel().catch(() => {})
    break
  }
  return text
}

function receiptOf(text: string, { id }: OutgoingChunk): Receipt {
  try {
    const answer = JSON.parse(text) as Partial<Receipt> | null
    if (typeof answer?.id === 'string' && typeof answer.digest === 'string') {
      return { id: answer.id, digest: answer.digest }
    }
  } catch {
    // a page of somebody in between, or cut short
  }
  throw new DeliveryError('retry', `the answer to chunk ${id} is no receipt`)
}

function refusalOf({ status, headers }: Response, text: string): DeliveryError {
  const retryAfterMs = retryAfterMsOf(headers.get('retry-after'), Date.now())
  const message = `the receiver answered ${status}${text === '' ? '' : `: ${text.slice(0, 200)}`}`
  if (status === 401 || status === 403) return new DeliveryError('pause', `${message}; give other credentials`)
  if (status === 413) return new DeliveryError('shrink', message)
  // redirects, too: the receiver has moved, and nobody has told us
  if (status < 400 || status >= 500 || RETRIED.has(status)) return new DeliveryError('retry', message, { retryAfterMs })
  return new DeliveryError('quarantine', message)
}
