import { KymographError } from '../errors.js'
import { HEARTBEAT_MS, HEARTBEATS_MISSED_MAX, RESTART_WINDOW_MS, RESTARTS_MAX, WORKER_START_MAX_MS } from '../limits.js'
import { messageOf } from './checks/text.js'
import { ControlChannel, type WorkerThread } from './control-channel.js'
import type { Capabilities, Opened, OpenOptions, RecorderApi } from './protocol.js'
import type { WorkerSource } from './worker-source.js'

export type { WorkerThread } from './control-channel.js'

export interface ClientOptions {
  open: OpenOptions
  /** Undefined: no worker is wanted. */
  source: WorkerSource | undefined
  /** Serves a recorder on this thread, for when no worker can be had. */
  serveInThread: (port: MessagePort) => Promise<void>
  /** A port to what of the recorder stays on this thread, for the next engine. */
  connectPage?: () => MessagePort
}

/** What lives in the engine and has to be taken up by the next one when it is lost. */
export interface Attachment {
  /** Of the session. */
  readonly id: string
  /** The engine is gone: nothing can be sent for now. */
  detach(): void
  /** There is a new one. */
  attach(): Promise<void>
  /** There will be none. */
  fail(error: Error): void
}

/**
 * The supervisor: keeps an engine at hand, in a worker or, failing that, on this thread.
 *
 * A worker that dies, throws or goes silent is replaced: everything pending on it is rejected with `worker-lost`, and
 * what is attached is taken up by the next one. After three replacements within a minute the engine stays on the page.
 */
export class RecorderClient {
  /** Told of each replacement. */
  onReplaced: (message: string) => void = () => {}
  readonly #options: ClientOptions
  readonly #attachments = new Set<Attachment>()
  #channel: ControlChannel | undefined
  #opened: Opened | undefined
  #inThreadReason: string | undefined
  /** When workers were replaced, the latest last. */
  #replacedAtMs: number[] = []
  #replacements = 0
  /** Settles when there is an engine again, or never will be. */
  #ready: Promise<void> = Promise.resolve()
  #end: Error | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #missedBeats = 0
  /** Something has come from the worker since the last heartbeat, which need not be then. */
  isHeard = false

  private constructor(options: ClientOptions) {
    this.#options = options
  }

  /** @throws what opening kernels and store throws. */
  static async connect(options: ClientOptions): Promise<RecorderClient> {
    const client = new RecorderClient(options)
    await client.#open(options.source !== undefined)
    return client
  }

  get capabilities(): Omit<Capabilities, 'transport'> {
    const { kernels, store } = this.#opened!
    return {
      thread: this.#channel?.worker || (!this.#channel && !this.#end) ? 'worker' : 'in-thread',
      wasm: kernels === 'wasm',
      kernels,
      inThreadReason: this.#inThreadReason,
      restarts: this.#replacements,
      store,
    }
  }

  /** Makes one control call, waiting for the next engine while there is none. */
  async call<M extends keyof RecorderApi>(
    method: M,
    ...args: Parameters<RecorderApi[M]>
  ): Promise<Awaited<ReturnType<RecorderApi[M]>>> {
    if (!this.#channel) await this.#ready
    if (!this.#channel) throw this.#end
    return this.#channel.call(method, ...args) as never
  }

  /** Resolves when what is attached has been taken up by a new engine; rejects when there will be none. */
  async ready(): Promise<void> {
    await this.#ready
    if (this.#end) throw this.#end
  }

  attach(attachment: Attachment): () => void {
    this.#attachments.add(attachment)
    this.#beat()
    return () => {
      this.#attachments.delete(attachment)
      this.#beat()
    }
  }

  dispose(): void {
    this.#finish(new KymographError('disposed', 'the recorder has been disposed; create a new one'))
  }

  async #open(wantsWorker: boolean): Promise<void> {
    const channel = await this.#connect(wantsWorker)
    // opening may take its time, but a worker that lives answers meanwhile
    const silence = new KymographError('worker-lost', 'the worker does not answer')
    const timer = channel.worker && setTimeout(() => channel.close(silence), HEARTBEATS_MISSED_MAX * HEARTBEAT_MS)
    const stopWaiting = () => clearTimeout(timer)
    try {
      const sessions = [...this.#attachments].map(({ id }) => id)
      const opened = channel.call('open', { ...this.#options.open, sessions }, this.#options.connectPage?.())
      channel.call('ping').then(stopWaiting, stopWaiting)
      this.#opened = await opened
    } catch (error) {
      channel.close(error as Error)
      if (this.#end) throw this.#end
      if (!channel.worker || !(isLost(error) || (error as KymographError).code === 'worker-timeout')) throw error
      // died while opening
      return this.#open(this.#mayReplace(error))
    } finally {
      stopWaiting()
    }
    if (this.#end) {
      channel.close(this.#end)
      throw this.#end
    }
    this.#channel = channel
    this.#missedBeats = 0
    this.#beat()
  }

  async #connect(wantsWorker: boolean): Promise<ControlChannel> {
    const spawn = this.#options.source?.spawn
    let { port1, port2 } = new MessageChannel()
    if (spawn && wantsWorker) {
      try {
        const worker = await startWorker(spawn, port2)
        const channel = new ControlChannel(port1, worker)
        const lose = (cause: unknown) => this.#lose(channel, cause)
        worker.onLost(lose)
        channel.onClose(() => lose(new Error('the worker has closed its port')))
        return channel
      } catch (cause) {
        port1.close()
        this.#inThreadReason = messageOf(cause)
        ;({ port1, port2 } = new MessageChannel())
      }
    }
    await this.#options.serveInThread(port2)
    return new ControlChannel(port1, undefined)
  }

  #lose(channel: ControlChannel, cause: unknown): void {
    const error = new KymographError('worker-lost', 'the worker has died and is replaced; try again', { cause })
    channel.close(error)
    if (this.#channel !== channel || this.#end) return
    this.#channel = undefined
    for (const attachment of this.#attachments) attachment.detach()
    this.#ready = this.#replace(cause)
    this.#ready.catch(() => {})
  }

  async #replace(cause: unknown): Promise<void> {
    const reason = messageOf(cause)
    const mayReplace = this.#mayReplace(cause)
    try {
      await this.#open(mayReplace)
    } catch (error) {
      this.#finish(error as Error)
      throw error
    }
    const channel = this.#channel
    if (this.#end || !channel) return
    this.onReplaced(
      `the worker was lost (${reason}) and replaced${channel.worker ? '' : '; recording goes on on the page'}`,
    )
    for (const attachment of [...this.#attachments]) {
      // lost once more: the next round takes up what is left
      if (this.#channel !== channel) break
      await attachment.attach().catch((error: Error) => {
        if (!isLost(error)) attachment.fail(error)
      })
    }
    if (this.#channel !== channel && !this.#end) await this.#ready
  }

  #mayReplace(cause: unknown): boolean {
    const nowMs = Date.now()
    this.#replacements += 1
    this.#replacedAtMs = [...this.#replacedAtMs.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS), nowMs]
    const may = this.#options.source?.canRespawn === true && this.#replacedAtMs.length <= RESTARTS_MAX
    if (!may) this.#inThreadReason = `workers kept dying: ${messageOf(cause)}`
    return may
  }

  /** Asks a worker with something to do whether it lives. A tick that comes late counts once, however late. */
  #beat(): void {
    const isNeeded = this.#attachments.size > 0 && this.#channel?.worker !== undefined && !this.#end
    if (!isNeeded) {
      clearInterval(this.#heartbeat)
      this.#heartbeat = undefined
      return
    }
    if (this.#heartbeat !== undefined) return
    let isAnswered = true
    this.#heartbeat = setInterval(() => {
      const channel = this.#channel
      if (!channel?.worker) return this.#beat()
      // hidden pages are throttled and frozen, their workers with them
      const wasHeard = this.isHeard
      this.isHeard = false
      if (wasHeard || isAnswered || globalThis.document?.visibilityState === 'hidden') this.#missedBeats = 0
      else this.#missedBeats += 1
      if (this.#missedBeats >= HEARTBEATS_MISSED_MAX) {
        isAnswered = true
        return this.#lose(channel, new Error(`no sign of life for ${HEARTBEATS_MISSED_MAX} heartbeats`))
      }
      if (!isAnswered || wasHeard) return
      isAnswered = false
      const settle = () => {
        isAnswered = true
      }
      // rejected: that engine is gone, the next one is asked anew
      channel.call('ping').then(settle, settle)
    }, HEARTBEAT_MS)
    const timer = this.#heartbeat as unknown as { unref?(): void }
    timer.unref?.()
  }

  #finish(error: Error): void {
    if (this.#end) return
    this.#end = error
    clearInterval(this.#heartbeat)
    this.#channel?.close(error)
    this.#channel = undefined
    for (const attachment of [...this.#attachments]) attachment.fail(error)
    this.#attachments.clear()
  }
}

/** Whether a call failed only because its engine was lost: another one can take it. */
export function isLost(error: unknown): boolean {
  return error instanceof KymographError && (error.code === 'worker-lost' || error.code === 'wasm-trap')
}

function startWorker(spawn: () => WorkerThread, port: MessagePort): Promise<WorkerThread> {
  return new Promise((resolve, reject) => {
    const worker = spawn()
    const fail = (cause: unknown) => {
      clearTimeout(timer)
      worker.terminate()
      reject(cause)
    }
    const timer = setTimeout(
      () => fail(new KymographError('worker-timeout', `the worker did not start within ${WORKER_START_MAX_MS} ms`)),
      WORKER_START_MAX_MS,
    )
    worker.onLost(fail)
    worker.onMessage((message) => {
      if (message !== 'ready') return
      clearTimeout(timer)
      resolve(worker)
    })
    worker.sendPort(port)
  })
}
