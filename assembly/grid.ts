// The absolute grid: instant n lies at round(n × P / Q) ns, the period P/Q in lowest terms, halves rounded up.
// Written n × P + floor(Q / 2) = Q × whole + rest with 0 <= rest < Q, the instant is `whole`, and a step adds P to the
// left side: exact without ever holding n. Bounds: P × Q < 2^62, 2 × Q <= P.

@unmanaged
class Grid {
  periodNumerator: i64
  periodDenominator: i64
  /** floor(P / Q) and P mod Q. */
  stepWhole: i64
  stepRest: i64
  instantNs: i64
  instantRest: i64
}

export function gridBytes(): usize {
  return offsetof<Grid>()
}

export function gridAt(ptr: usize): Grid {
  return changetype<Grid>(ptr)
}

export function gridInit(grid: Grid, periodNumerator: i64, periodDenominator: i64): void {
  grid.periodNumerator = periodNumerator
  grid.periodDenominator = periodDenominator
  grid.stepWhole = periodNumerator / periodDenominator
  grid.stepRest = periodNumerator % periodDenominator
  grid.instantNs = 0
  grid.instantRest = 0
}

/** Moves to the first instant at or after `timestampNs`. */
export function gridSeek(grid: Grid, timestampNs: i64): void {
  const numerator = grid.periodNumerator
  const denominator = grid.periodDenominator
  // Instants repeat every Q steps = P ns, so only the phase of the timestamp counts.
  let phase = timestampNs % numerator
  if (phase < 0) phase += numerator
  let distance = denominator / 2 - ((phase * denominator) % numerator)
  if (distance < 0) distance += numerator
  grid.instantNs = timestampNs + distance / denominator
  grid.instantRest = distance % denominator
}

export function gridStep(grid: Grid): void {
  grid.instantNs += grid.stepWhole
  grid.instantRest += grid.stepRest
  if (grid.instantRest >= grid.periodDenominator) {
    grid.instantRest -= grid.periodDenominator
    grid.instantNs++
  }
}
