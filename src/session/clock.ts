import type { ClockSnapshot } from '../worker/protocol.js'

/** Both clocks of the page at one moment; the monotonic one to the nanosecond for 104 days. */
export function readClocks(): ClockSnapshot {
  return {
    monotonicNs: BigInt(Math.round(performance.now() * 1e6)),
    wallNs: BigInt(Math.round(Date.now())) * 1_000_000n,
  }
}
