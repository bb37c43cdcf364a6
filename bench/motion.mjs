/**
 * Phone motion at 100 Hz as a browser gives it: rounded to 0.1 m/s², times with a little jitter. Rounding gives negative
 * zeros, which `hasNegativeZeros: false` turns into plain ones.
 */
export function motion(frames, random, { hasNegativeZeros = true } = {}) {
  const times = new Float64Array(frames)
  const values = new Float64Array(frames * 3)
  let timeMs = 0
  for (let i = 0; i < frames; i++) {
    timeMs += 10 + Math.round((random() - 0.5) * 20) / 10
    times[i] = timeMs
    for (let c = 0; c < 3; c++) {
      const value = Math.round((Math.sin(i / 17 + c) * 4 + random()) * 10) / 10
      values[3 * i + c] = value === 0 && !hasNegativeZeros ? 0 : value
    }
  }
  return { times, values }
}
