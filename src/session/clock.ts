import type { ClockSnapshot } from '../worker/protocol.js'

/** Both clocks of the page at one moment. */
export function readClocks(): ClockSnapshot {
  return {
    monotonicNs: millisecondsToNs(performance.now()),
    wallNs: millisecondsToNs(Date.now()),
  }
}

function millisecondsToNs(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}
