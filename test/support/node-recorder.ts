import type * as Node from '../../src/node/index.js'

/** The published Node entry, as `npm run build` made it: real workers need real files. */
export const { createRecorder, KymographError } = (await import(
  new URL('../../dist/node.js', import.meta.url).href
)) as typeof Node

/** Where the recorder's engine runs: the laws hold for both. */
export const THREADS = ['auto', 'none'] as const
