/** Its name; also in the text, which bundlers leave out only if it is made of nothing else. */
export const LEVEL_PROCESSOR = 'kymograph-level'

/**
 * Runs in an AudioWorklet, which knows only what is in this text. Puts its levels into the memory of a `LevelRing`, or
 * posts them where that is not shared.
 */
const CODE = `registerProcessor('kymograph-level', class extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super()
    this.windowFrames = processorOptions.windowFrames
    if (processorOptions.ring) {
      this.written = new Int32Array(processorOptions.ring, 0, 1)
      this.levels = new Float64Array(processorOptions.ring, 8)
    }
    this.frames = 0
    this.squares = 0
    this.samples = 0
    this.peak = 0
  }
  process([channels]) {
    const length = channels[0] ? channels[0].length : 128
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < channels.length; c++) {
        const value = channels[c][i]
        const size = value < 0 ? -value : value
        if (size > this.peak) this.peak = size
        this.squares += value * value
        this.samples += 1
      }
      if (++this.frames < this.windowFrames) continue
      const rms = this.samples > 0 ? Math.sqrt(this.squares / this.samples) : 0
      this.put([(currentFrame + i + 1) / sampleRate, rms, this.peak])
      this.frames = this.squares = this.samples = this.peak = 0
    }
    return true
  }
  put(level) {
    if (!this.levels) return this.port.postMessage(level)
    const written = Atomics.load(this.written, 0)
    this.levels.set(level, (3 * written) % this.levels.length)
    Atomics.store(this.written, 0, written + 1)
  }
})`

/** An address AudioWorklets can load it from. */
export function levelProcessorUrl(): string {
  return URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' }))
}
