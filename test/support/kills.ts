/** Kills of each kind: a few in `npm test`, many in `npm run test:crash`. */
export const isThorough: boolean = process.env.KYMOGRAPH_CRASH === 'thorough'

export const KILLS = {
  node: isThorough ? 300 : 6,
  browser: isThorough ? 60 : 2,
  renderer: isThorough ? 60 : 2,
}

/** Departures from a page that records. */
export const DEPARTURES: number = isThorough ? 100 : 3

/** Moments at which to kill, the same in each run: milliseconds, spread by the golden ratio. */
export function killMoments(count: number, minMs: number, maxMs: number): number[] {
  return Array.from({ length: count }, (_, i) => minMs + ((i * 0.618_033_988_75 + 0.31) % 1) * (maxMs - minMs))
}
