import type * as Node from '../../src/node/index.js'

/** The published Node entry, as `npm run build` made it: real workers need real files. */
export const { createRecorder, KymographError } = (await import(
  new URL('../../dist/node.js', import.meta.url).href
)) as typeof Node

/** Where the recorder's engine runs and how frames reach it: the laws hold for all. */
export const ENGINES = [
  { engine: 'worker, batches', worker: 'auto', transport: 'batch' },
  { engine: 'worker, shared ring', worker: 'auto', transport: 'shared' },
  { engine: 'in-thread', worker: 'none', transport: 'batch' },
] as const
