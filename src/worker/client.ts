import * as Comlink from 'comlink'
import { KymographError } from '../errors.js'
import { WORKER_START_MAX_MS } from '../limits.js'
import { installErrorTransfer } from './error-transfer.js'
import type { Capabilities, RecorderApi } from './protocol.js'

/** A worker thread, the same for Web Workers and worker_threads. */
export interface WorkerThread {
  /** Sends the port of the control channel; the thread answers `ready`. */
  sendPort(port: MessagePort): void
  onMessage(listener: (message: unknown) => void): void
  /** Calls back once when the thread has failed or ended. */
  onLost(listener: (cause: unknown) => void): void
  /** Whether the thread keeps the process alive (Node). */
  keepAlive(isKept: boolean): void
  terminate(): void
}

export interface ClientOptions {
  /** Undefined: no worker is wanted. */
  spawn: (() => WorkerThread) | undefined
  /** Serves a recorder on this thread, for when no worker can be had. */
  serveInThread: (port: MessagePort) => Promise<void>
}

type Method = keyof RecorderApi

/** The page's end of the control channel. Every call settles: when the worker is lost, all pending ones reject. */
export class RecorderClient {
  readonly thread: Capabilities['thread']
  /** Why there is no worker, if one was wanted. */
  readonly fallbackCause: unknown
  readonly #port: MessagePort
  readonly #remote: Comlink.Remote<RecorderApi>
  readonly #worker: WorkerThread | undefined
  readonly #pending = new Set<(error: Error) => void>()
  readonly #lostListeners = new Set<(error: Error) => void>()
  #lost: Error | undefined

  private constructor(port: MessagePort, worker: WorkerThread | undefined, fallbackCause: unknown) {
    this.#port = port
    this.#worker = worker
    this.thread = worker ? 'worker' : 'in-thread'
    this.fallbackCause = fallbackCause
    installErrorTransfer()
    this.#remote = Comlink.wrap<RecorderApi>(port)
    worker?.onLost((cause) => this.#lose(new KymographError('worker-lost', 'the worker has died', { cause })))
    this.#holdProcess()
  }

  /** Starts the worker, or runs in-thread when it does not answer in time or cannot start. */
  static async connect(options: ClientOptions): Promise<RecorderClient> {
    let fallbackCause: unknown
    if (options.spawn) {
      const channel = new MessageChannel()
      try {
        const worker = await startWorker(options.spawn, channel.port2)
        return new RecorderClient(channel.port1, worker, undefined)
      } catch (cause) {
        channel.port1.close()
        fallbackCause = cause
      }
    }
    const channel = new MessageChannel()
    await options.serveInThread(channel.port2)
    return new RecorderClient(channel.port1, undefined, fallbackCause)
  }

  /** Makes one control call; ports among the arguments are transferred. */
  call<M extends Method>(method: M, ...args: Parameters<RecorderApi[M]>): ReturnType<RecorderApi[M]> {
    const transferred = args.map((arg) => (arg instanceof MessagePort ? Comlink.transfer(arg, [arg]) : arg))
    const remote = this.#remote[method] as unknown as (...values: unknown[]) => Promise<unknown>
    const answer = new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#pending.add(reject)
      this.#holdProcess()
      remote(...transferred)
        .then(resolve, reject)
        .finally(() => {
          this.#pending.delete(reject)
          this.#holdProcess()
        })
    })
    return answer as ReturnType<RecorderApi[M]>
  }

  /** Calls back once when the worker is lost; returns what takes the listener away again. */
  onLost(listener: (error: Error) => void): () => void {
    if (this.#lost) listener(this.#lost)
    else this.#lostListeners.add(listener)
    return () => this.#lostListeners.delete(listener)
  }

  dispose(): void {
    this.#lose(new KymographError('disposed', 'the recorder has been disposed; create a new one'))
    this.#port.close()
    this.#worker?.terminate()
  }

  #lose(error: Error): void {
    if (this.#lost) return
    this.#lost = error
    for (const reject of this.#pending) reject(error)
    this.#pending.clear()
    for (const listener of this.#lostListeners) listener(error)
    this.#lostListeners.clear()
    this.#holdProcess()
  }

  /** In Node a process with no pending call may end; browsers have no such notion. */
  #holdProcess(): void {
    const isKept = this.#pending.size > 0
    this.#worker?.keepAlive(isKept)
    const port = this.#port as MessagePort & { ref?(): void; unref?(): void }
    if (isKept) port.ref?.()
    else port.unref?.()
  }
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
