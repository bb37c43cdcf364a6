import { checkOneOf, ownFields, refuseUnknownFields } from '../worker/checks/text.js'
import type { OwnParts } from '../worker/page-side.js'
import type { ChunkSink, OpenOptions, Retention, SessionStore, StoreChoice, Transport } from '../worker/protocol.js'

/** Options every platform's `createRecorder` takes. */
export interface RecorderOptions<Store, WorkerChoice = never> {
  /** Where sessions are kept; `auto` is the platform's default. A store of the application's own is called on this thread. */
  store?: 'auto' | 'memory' | Store | SessionStore
  /**
   * `auto` starts the library's own worker, `none` runs everything on the calling thread. A URL, or a function that
   * returns a worker, is for copies in other places and may be called again when the worker is lost; a worker as such
   * is ended with the recorder.
   */
  worker?: 'auto' | 'none' | WorkerChoice
  /** `reference` runs the TypeScript kernels even where there is WebAssembly. */
  kernels?: 'auto' | 'wasm' | 'reference'
  /** `kernels.wasm` of the same version, as bytes or compiled, in place of the kernels inside the library; kept unchanged. */
  wasm?: BufferSource | WebAssembly.Module
  /** How frames travel; `auto` shares memory with the worker where that is possible. */
  transport?: 'auto' | Transport
  /** What the store keeps, and what happens when it is full. */
  retention?: Omit<Retention, 'isDelivered'>
  /** Where chunks are delivered to besides: `httpSink(…)` of `kymograph/sinks`, or the application's own, called here. */
  sinks?: ChunkSink[]
  /**
   * `required`: nothing is read, kept or sent before `recorder.grantConsent()`, nor what was recorded before; sessions
   * wait in the state `awaiting-consent`, and deliveries are paused. Default `granted`.
   */
  consent?: 'granted' | 'required'
}

const OPTIONS = ['store', 'worker', 'kernels', 'wasm', 'transport', 'retention', 'sinks', 'consent']

/**
 * The options as the worker takes them, and the choice of a worker for the platform to look at.
 *
 * @throws TypeError | RangeError naming the option and the value.
 */
export function checkRecorderOptions<Store, WorkerChoice>(
  options: RecorderOptions<Store, WorkerChoice>,
  chooseStore: (store: 'auto' | Store) => StoreChoice,
): {
  open: OpenOptions
  /** What stays on this thread. */
  own: OwnParts | undefined
  worker: 'auto' | 'none' | WorkerChoice
  transport: 'auto' | Transport
  consent: 'granted' | 'required'
} {
  refuseUnknownFields('recorder options', options, OPTIONS)
  const own = ownFields(options) as typeof options
  const { store = 'auto', worker = 'auto', kernels = 'auto', wasm, retention, sinks } = own
  const { transport = 'auto', consent = 'granted' } = own
  checkOneOf('kernels', kernels, ['auto', 'wasm', 'reference'])
  checkOneOf('transport', transport, ['auto', 'batch', 'shared'])
  checkOneOf('consent', consent, ['granted', 'required'])
  const ownStore = typeof (store as Partial<SessionStore>)?.append === 'function' ? (store as SessionStore) : undefined
  return {
    open: {
      store:
        store === 'memory' || ownStore ? { kind: ownStore ? 'page' : 'memory' } : chooseStore(store as 'auto' | Store),
      kernels,
      wasm,
      retention,
    },
    own: sinks || ownStore ? { sinks, store: ownStore } : undefined,
    worker,
    transport,
    consent,
  }
}
