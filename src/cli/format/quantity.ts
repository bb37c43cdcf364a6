const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB']
const DURATION_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Bytes in decimal units: `999 B`, `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0
  let value = bytes
  // 999.5 would print as 1000
  while (Math.abs(value) >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return unit === 0 ? `${Math.round(value)} B` : `${threeDigits(value)} ${BYTE_UNITS[unit]}`
}

/** A duration in words of at most two units: `850 ms`, `15.2 s`, `2 min 05 s`, `3 h 00 min`, `2 d 04 h`. */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return '–'
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`
  if (durationMs < 999.5) return `${durationMs < 10 ? threeDigits(durationMs) : Math.round(durationMs)} ms`
  if (durationMs < 59_950) return `${threeDigits(durationMs / 1000)} s`
  const seconds = Math.round(durationMs / 1000)
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 1, 's')
  if (seconds < 86_400) return twoUnits(seconds, 3600, 'h', 60, 'min')
  return twoUnits(seconds, 86_400, 'd', 3600, 'h')
}

/** Milliseconds of `15s`, `500ms`, `2m`, `1.5h`, `1d`; a bare number is milliseconds; NaN when it is none of these. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?$/.exec(text.trim())
  return match ? Number(match[1]) * DURATION_MS[match[2] ?? 'ms']! : Number.NaN
}

/** Bytes of `500MB`, `2 GB`, `64kB`; a bare number is bytes; NaN when it is none of these. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMGT]?B)?$/.exec(text.trim())
  return match ? Number(match[1]) * 1000 ** BYTE_UNITS.indexOf(match[2] ?? 'B') : Number.NaN
}

/** A rate: `0.25 Hz`, `100.7 Hz`, `20.0 kHz`; `–` when unknown. */
export function formatRate(rateHz: number): string {
  if (!(rateHz > 0) || !Number.isFinite(rateHz)) return '–'
  if (rateHz >= 9999.5) return `${threeDigits(rateHz / 1000)} kHz`
  if (rateHz >= 100) return `${rateHz.toFixed(1)} Hz`
  return `${rateHz >= 0.01 ? threeDigits(rateHz) : rateHz.toPrecision(2)} Hz`
}

/** A count with its noun: `1 chunk`, `2 chunks`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function twoUnits(seconds: number, major: number, majorName: string, minor: number, minorName: string): string {
  const rest = Math.floor((seconds % major) / minor)
  return `${Math.floor(seconds / major)} ${majorName} ${String(rest).padStart(2, '0')} ${minorName}`
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value.toFixed(value >= 9.995 ? 1 : 2)
}
