/**
 * The absolute grid: instant n lies at round(n × P / Q) ns, halves rounded up, the period P/Q in lowest terms.
 * n × P + floor(Q / 2) = Q × instantNs + rest holds at all times, so steps are exact.
 */
export class Grid {
  instantNs = 0n
  #rest = 0n
  readonly #numerator: bigint
  readonly #denominator: bigint

  constructor(periodNumerator: bigint, periodDenominator: bigint) {
    this.#numerator = periodNumerator
    this.#denominator = periodDenominator
  }

  /** Moves to the first instant at or after `timestampNs`. */
  seek(timestampNs: bigint): void {
    const half = this.#denominator / 2n
    // smallest n with n × P + half >= timestampNs × Q
    const target = timestampNs * this.#denominator - half
    const n = target > 0n ? (target + this.#numerator - 1n) / this.#numerator : target / this.#numerator
    const scaled = n * this.#numerator + half
    this.#rest = ((scaled % this.#denominator) + this.#denominator) % this.#denominator
    this.instantNs = (scaled - this.#rest) / this.#denominator
  }

  step(): void {
    const scaled = this.#rest + this.#numerator
    this.instantNs += scaled / this.#denominator
    this.#rest = scaled % this.#denominator
  }
}
