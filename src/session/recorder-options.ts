import { checkOneOf, refuseUnknownFields } from '../worker/checks/text.js'
import type { OpenOptions, StoreChoice, Transport } from '../worker/protocol.js'

/** Options every platform's `createRecorder` takes. */
export interface RecorderOptions<Store> {
  /** Where sessions are kept; `auto` is the platform's default. */
  store?: 'auto' | 'memory' | Store
  /** `none` runs everything on the calling thread. */
  worker?: 'auto' | 'none'
  /** `reference` runs the TypeScript kernels even where there is WebAssembly. */
  kernels?: 'auto' | 'wasm' | 'reference'
  /** How frames travel; `auto` shares memory with the worker where that is possible. */
  transport?: 'auto' | Transport
  consent?: 'granted'
}

/** The options as the worker takes them. @throws TypeError | RangeError naming the option and the value. */
export function checkRecorderOptions<Store>(
  options: RecorderOptions<Store>,
  chooseStore: (store: 'auto' | Store) => StoreChoice,
): { open: OpenOptions; wantsWorker: boolean; transport: 'auto' | Transport } {
  refuseUnknownFields('recorder options', options, ['store', 'worker', 'kernels', 'transport', 'consent'])
  const { store = 'auto', worker = 'auto', kernels = 'auto', transport = 'auto', consent = 'granted' } = options
  checkOneOf('worker', worker, ['auto', 'none'])
  checkOneOf('kernels', kernels, ['auto', 'wasm', 'reference'])
  checkOneOf('transport', transport, ['auto', 'batch', 'shared'])
  checkOneOf('consent', consent, ['granted'])
  return {
    open: { store: store === 'memory' ? { kind: 'memory' } : chooseStore(store as 'auto' | Store), kernels },
    wantsWorker: worker === 'auto',
    transport,
  }
}
