import * as Comlink from 'comlink'
import { KymographError } from '../errors.js'
import { CALL_MAX_MS } from '../limits.js'
import { installErrorTransfer } from './error-transfer.js'
import type { RecorderApi } from './protocol.js'

/** A worker thread, the same for Web Workers and worker_threads. */
export interface WorkerThread {
  /** Sends the port of the control channel; the thread answers `ready`. */
  sendPort(port: MessagePort): void
  onMessage(listener: (message: unknown) => void): void
  /** Calls back when the thread has failed or ended. */
  onLost(listener: (cause: unknown) => void): void
  /** Whether the thread keeps the process alive (Node). */
  keepAlive(isKept: boolean): void
  terminate(): void
}

type Method = keyof RecorderApi

/** In Node an open port keeps the process alive unless it is told not to; browsers have no such notion. */
type NodePort = MessagePort & { ref?(): void; unref?(): void }

/**
 * The page's end of one engine's control channel, the engine being in a worker or on this thread. Every call settles:
 * by its answer, by its deadline, or when the channel closes.
 */
export class ControlChannel {
  readonly worker: WorkerThread | undefined
  readonly #port: NodePort
  readonly #remote: Comlink.Remote<RecorderApi>
  readonly #pending = new Set<(error: unknown) => void>()
  #closed: Error | undefined

  constructor(port: MessagePort, worker: WorkerThread | undefined) {
    this.#port = port
    this.worker = worker
    installErrorTransfer()
    this.#remote = Comlink.wrap<RecorderApi>(port)
    this.#holdProcess()
  }

  get isBusy(): boolean {
    return this.#pending.size > 0
  }

  /** Calls back when the other end is gone, where the engine tells. */
  onClose(listener: () => void): void {
    this.#port.addEventListener('close', listener)
  }

  /** Makes one control call; ports among the arguments are transferred. */
  call<M extends Method>(method: M, ...args: Parameters<RecorderApi[M]>): ReturnType<RecorderApi[M]> {
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed)
      const transferred = args.map((arg) => (arg instanceof MessagePort ? Comlink.transfer(arg, [arg]) : arg))
      const remote = this.#remote[method] as unknown as (...values: unknown[]) => Promise<unknown>
      const settle = () => {
        clearTimeout(timer)
        this.#pending.delete(fail)
        this.#holdProcess()
      }
      const fail = (error: unknown) => {
        settle()
        reject(error)
      }
      const timer = setTimeout(
        () => fail(new KymographError('worker-timeout', `no answer to "${method}" within ${CALL_MAX_MS} ms`)),
        CALL_MAX_MS,
      )
      this.#pending.add(fail)
      this.#holdProcess()
      remote(...transferred)
        .then(resolve, (error: unknown) => reject(isCloneError(error) ? notCloneable(error) : error))
        .finally(settle)
    })
    return answer as ReturnType<RecorderApi[M]>
  }

  /** Rejects everything pending and ends the worker. */
  close(error: Error): void {
    if (this.#closed) return
    this.#closed = error
    for (const fail of this.#pending) fail(error)
    this.#port.close()
    this.worker?.terminate()
  }

  #holdProcess(): void {
    if (this.#closed) return
    this.worker?.keepAlive(this.isBusy)
    if (this.isBusy) this.#port.ref?.()
    else this.#port.unref?.()
  }
}

function isCloneError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'DataCloneError'
}

/** The application handed over something that cannot leave its thread: a function, a symbol. */
function notCloneable(cause: Error): TypeError {
  return new TypeError(`options expected plain data, got something that cannot be sent: ${cause.message}`, { cause })
}
