/** Texts of one generation: as many as a resampler has frames waiting in it, and far more. */
const GENERATION_TEXTS = 1024

class Generation {
  readonly codes = new Map<string, number>()
  readonly texts = new Map<number, string>()

  add(text: string, code: number): number {
    this.codes.set(text, code)
    this.texts.set(code, text)
    return code
  }
}

/**
 * Codes for the texts of one channel while they are inside a resampler, whatever batch they came in.
 *
 * Bounded: two generations are kept, and a text moves to the younger one each time it comes. A held frame is one of the
 * last few that came, unless its time was ahead of theirs: its text may be forgotten after 1,024 others, never mistaken.
 */
export class HeldTexts {
  #young = new Generation()
  #old = new Generation()
  #next = 0

  codeOf(text: string): number {
    const known = this.#young.codes.get(text)
    if (known !== undefined) return known
    if (this.#young.codes.size === GENERATION_TEXTS) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    return this.#young.add(text, this.#old.codes.get(text) ?? this.#next++ | 0)
  }

  /** The text of a code; undefined when it is too long ago. */
  textOf(code: number): string | undefined {
    return this.#young.texts.get(code) ?? this.#old.texts.get(code)
  }
}
