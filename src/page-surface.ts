// What every browser entry exports besides `createRecorder`: types, and the few values that cost nothing.
export type { BrowserRecorderOptions } from './browser-recorder.js'
export { KymographError } from './errors.js'
export { SessionEvent } from './session/events.js'
export type * from './session/index.js'
export { createJourneyId, createSessionId } from './session/session-id.js'
export { LIBRARY_VERSION } from './session/version.js'
export type { WebWorkerChoice } from './worker/web-worker.js'
