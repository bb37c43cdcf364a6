export { readFrames } from './frames.js'
export { inspectFile } from './inspect.js'
export type { ImportBatch, ImportColumn, ImportOptions, ImportPlan, ImportStream } from './plan.js'
export type { TimeUnit } from './time-reader.js'
