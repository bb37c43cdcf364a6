import { millisecondsToNs } from '../worker/frame-memory.js'
import type { ClockSnapshot } from '../worker/protocol.js'

/** Both clocks of the page at one moment. */
export function readClocks(): ClockSnapshot {
  return {
    monotonicNs: millisecondsToNs(performance.now()),
    wallNs: millisecondsToNs(Date.now()),
  }
}
