import { describe, expect, it, vi } from 'vitest'
import type { Frames, Kernels, Resampled, ResampledKind, ResamplerOptions } from '../../src/kernels/types.js'
import { columnsOfFile } from './column-parts.js'
import { bytesOf, implementations } from './implementations.js'
import { resample } from './resampler-streams.js'

vi.setConfig({ testTimeout: 60_000 })

interface Recording extends Frames {
  channels: number
}

/** The frames of a file whose first column is the time, in ns or seconds as its name says. */
function recordingOf(name: string): Recording {
  const [[timeName, times], ...columns] = [...columnsOfFile(`test/recordings/${name}.csv`)]
  const toNs = timeName.endsWith('_ns')
    ? (cell: string): bigint => BigInt(cell)
    : (cell: string): bigint => BigInt(Math.round(Number(cell) * 1e9))
  const channels = columns.length
  const values = new Float64Array(times.length * channels)
  for (const [channel, [, cells]] of columns.entries()) {
    for (const [frame, cell] of cells.entries()) values[frame * channels + channel] = Number(cell)
  }
  return { timestampsNs: BigInt64Array.from(times, toNs), values, channels }
}

function framesOf({ timestampsNs, values, channels }: Recording, from: number, to?: number): Recording {
  return {
    timestampsNs: timestampsNs.slice(from, to),
    values: values.slice(from * channels, to === undefined ? undefined : to * channels),
    channels,
  }
}

const run = (kernels: Kernels, options: Omit<ResamplerOptions, 'channels'>, input: Recording) =>
  resample(kernels, { ...options, channels: input.channels }, input, [1, 7, Math.floor(input.timestampsNs.length / 2)])

const channelOf = (values: Float64Array, channel: number, channels: number): Float64Array =>
  values.filter((_, index) => index % channels === channel)

/** How far a channel goes, and by how much outputs leave that range, as a share of it. */
function excess(input: Recording, output: Resampled, channel: number): number {
  const given = channelOf(input.values, channel, input.channels)
  const got = channelOf(output.values, channel, input.channels)
  const [low, high] = [Math.min(...given), Math.max(...given)]
  return Math.max(low - Math.min(...got), Math.max(...got) - high) / (high - low)
}

const rootMeanSquare = (values: Float64Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)

/** Without what is faster than about a thirtieth of the rate; a weighted mean of 41 values. */
function slowPart(values: Float64Array): Float64Array {
  const weights = Array.from({ length: 41 }, (_, index) => 1 - Math.cos((2 * Math.PI * (index + 1)) / 42))
  const total = weights.reduce((sum, weight) => sum + weight)
  return Float64Array.from({ length: values.length - 40 }, (_, at) =>
    weights.reduce((sum, weight, index) => sum + (weight / total) * values[at + index], 0),
  )
}

describe.each(implementations)('real recordings through a resampler of %s', (_, kernels) => {
  describe('a phone in a pocket, 1.5 to 11 ms from frame to frame', () => {
    const input = recordingOf('pocket_accel_215hz')

    it.each([25, 50, 100, 215, 400])('stays within its range at %d Hz', (rateHz) => {
      for (const quality of ['fast', 'standard', 'best'] as const) {
        const output = run(kernels, { rateHz, quality }, input)
        expect(output.segments).toEqual([0])
        expect(output.values.every(Number.isFinite)).toBe(true)
        for (let channel = 0; channel < 3; channel++) expect(excess(input, output, channel)).toBeLessThan(0.5)
      }
    })

    it('moves as straight lines between its frames do, where it moves slowly', () => {
      const sinc = run(kernels, { rateHz: 200 }, input)
      const linear = run(kernels, { rateHz: 200, method: 'linear' }, input)
      expect(sinc.timestampsNs).toEqual(linear.timestampsNs)
      for (let channel = 0; channel < 3; channel++) {
        const lines = slowPart(channelOf(linear.values, channel, 3))
        const mean = lines.reduce((sum, value) => sum + value) / lines.length
        const difference = slowPart(channelOf(sinc.values, channel, 3)).map((value, index) => value - lines[index])
        expect(rootMeanSquare(difference)).toBeLessThan(0.01 * rootMeanSquare(lines.map((value) => value - mean)))
      }
    })
  })

  describe('a phone around the neck, with gaps of 0.2 s and the frame before each of them twice', () => {
    const input = recordingOf('neck_accel_100hz_gaps')

    it.each([0, 350])('makes two segments of the rows from %d on, nothing between them', (first) => {
      const piece = framesOf(input, first, first + 350)
      for (const method of ['sinc', 'linear', 'cubic', 'hold'] as const) {
        const output = run(kernels, { rateHz: 100, method }, piece)
        expect(output.repeatedFrames).toBe(1)
        expect(output.segments.length).toBe(2)
        expect(output.values.every(Number.isFinite)).toBe(true)
        const { timestampsNs } = piece
        const gap = timestampsNs.findIndex((ns, index) => index > 0 && ns - timestampsNs[index - 1] > 200_000_000n)
        const inGap = output.timestampsNs.filter((ns) => ns > timestampsNs[gap - 1] && ns < timestampsNs[gap])
        expect(inGap.length).toBe(0)
        const resumes = output.segments[1]
        expect(output.timestampsNs[resumes - 1]).toBeGreaterThan(timestampsNs[gap - 1] - 10_000_000n)
        expect(output.timestampsNs[resumes]).toBeLessThan(timestampsNs[gap] + 10_000_000n)
      }
    })

    it('makes three more gaps when asked to bridge less', () => {
      expect(run(kernels, { rateHz: 100 }, input).segments.length).toBe(4)
      expect(run(kernels, { rateHz: 100, maxGapMs: 215 }, input).segments.length).toBe(3)
      expect(run(kernels, { rateHz: 100, maxGapMs: 300 }, input).segments.length).toBe(2)
    })
  })

  describe('an IMU on a foot, with repeated timestamps', () => {
    const input = recordingOf('foot_400hz_repeats')
    const isLast = (index: number): boolean => input.timestampsNs[index] !== input.timestampsNs[index + 1]

    it('takes the last frame of each timestamp and counts the others', () => {
      const { channels } = input
      const without: Recording = {
        timestampsNs: input.timestampsNs.filter((_, index) => isLast(index)),
        values: input.values.filter((_, index) => isLast(Math.floor(index / channels))),
        channels,
      }
      expect(without.timestampsNs.length).toBe(590)
      for (const method of ['sinc', 'linear', 'cubic', 'hold'] as const) {
        const output = run(kernels, { rateHz: 400, method }, input)
        const expected = run(kernels, { rateHz: 400, method }, without)
        expect(output.repeatedFrames).toBe(10)
        expect(output.segments).toEqual([0])
        expect(output.timestampsNs).toEqual(expected.timestampsNs)
        expect(Buffer.compare(bytesOf(output.values), bytesOf(expected.values))).toBe(0)
        for (let channel = 0; channel < channels; channel++) expect(excess(input, output, channel)).toBeLessThan(0.5)
      }
    })
  })

  describe('a phone and a board that turn together, each with a clock of its own', () => {
    const RATE_HZ = 100
    /** Angular speed, whichever way the sensor lies. */
    const speedOf = ({ timestampsNs, values }: Recording): Recording => ({
      timestampsNs,
      values: Float64Array.from(timestampsNs, (_, frame) => Math.hypot(...values.subarray(frame * 3, frame * 3 + 3))),
      channels: 1,
    })
    const phone = speedOf(recordingOf('twin_phone_gyro_500hz'))
    const board = speedOf(recordingOf('twin_board_gyro_500hz'))

    /** Pearson's, of `a` against `b` so many frames later; what they do not share is left out. */
    function correlation(a: Float64Array, b: Float64Array, lag: number): number {
      const first = Math.max(0, lag)
      const count = Math.min(a.length, b.length + lag) - first
      const [x, y] = [a.subarray(first, first + count), b.subarray(first - lag, first - lag + count)]
      const [meanX, meanY] = [x, y].map((one) => one.reduce((sum, value) => sum + value, 0) / count)
      let [xx, yy, xy] = [0, 0, 0]
      for (let index = 0; index < count; index++) {
        const [dx, dy] = [x[index] - meanX, y[index] - meanY]
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
      }
      return xy / Math.sqrt(xx * yy)
    }

    /** What to add to the board's time for the phone's, in ns, found to a part of a frame by a parabola. */
    function clockOffsetNs(a: Resampled, b: Resampled): bigint {
      const lags = Array.from({ length: 161 }, (_, index) => index - 80)
      const found = lags.map((lag) => correlation(a.values, b.values, lag))
      const best = found.indexOf(Math.max(...found))
      const [before, at, after] = found.slice(best - 1, best + 2)
      const lag = lags[best] + (before - after) / (2 * (before - 2 * at + after))
      return a.timestampsNs[0] - b.timestampsNs[0] + BigInt(Math.round((lag * 1e9) / RATE_HZ))
    }

    it.each(['sinc', 'cubic', 'linear'] as const)('agree once the clocks do, by %s', (method) => {
      const options = { rateHz: RATE_HZ, method }
      const ofPhone = run(kernels, options, phone)
      const offsetNs = clockOffsetNs(ofPhone, run(kernels, options, board))
      const shifted = { ...board, timestampsNs: board.timestampsNs.map((ns) => ns + offsetNs) }
      const ofBoard = run(kernels, options, shifted)
      const lag = Number(ofBoard.timestampsNs[0] - ofPhone.timestampsNs[0]) / (1e9 / RATE_HZ)
      expect(Number.isInteger(lag)).toBe(true)
      const shared = correlation(ofPhone.values, ofBoard.values, lag)
      expect(shared).toBeGreaterThan(0.999)
      // and only there: the time of a single frame off is seen
      for (const other of [lag - 1, lag + 1]) {
        expect(correlation(ofPhone.values, ofBoard.values, other)).toBeLessThan(0.98)
      }
    })

    it('gives the same offset whatever the rate and method', () => {
      const offsets = (['sinc', 'cubic', 'linear'] as const).map((method) => {
        const options = { rateHz: RATE_HZ, method }
        return Number(clockOffsetNs(run(kernels, options, phone), run(kernels, options, board))) / 1e9
      })
      for (const offset of offsets) expect(Math.abs(offset - 947_848.6386)).toBeLessThan(0.0005)
    })
  })

  describe('orientation', () => {
    const KINDS: ResampledKind[] = ['value', 'quaternion', 'quaternion', 'quaternion', 'quaternion']
    const head = recordingOf('headset_quaternion_110hz')
    const quaternionOf = ({ values }: Frames, frame: number): Float64Array =>
      values.subarray(frame * 5 + 1, frame * 5 + 5)
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, index) => sum + value * b[index], 0)

    it('keeps quaternions of a moving head at length 1 and on one hemisphere, signs turned at random or not', () => {
      const turned = head.values.map((value, index) => {
        const frame = Math.floor(index / 5)
        return index % 5 > 0 && (frame * 7919) % 13 < 5 ? -value : value
      })
      for (const method of ['sinc', 'linear', 'cubic'] as const) {
        for (const rateHz of [50, 200]) {
          const output = run(kernels, { rateHz, method, kinds: KINDS }, head)
          const frames = output.timestampsNs.length
          expect(frames).toBeGreaterThan(4.5 * rateHz)
          for (let frame = 0; frame < frames; frame++) {
            const quaternion = quaternionOf(output, frame)
            expect(Math.abs(Math.hypot(...quaternion) - 1)).toBeLessThan(1e-12)
            if (frame > 0) expect(dot(quaternion, quaternionOf(output, frame - 1))).toBeGreaterThan(0.99)
          }
          const same = run(kernels, { rateHz, method, kinds: KINDS }, { ...head, values: turned })
          const sign = Math.sign(dot(quaternionOf(output, 0), quaternionOf(same, 0)))
          for (const [index, value] of same.values.entries()) {
            expect(index % 5 === 0 ? value : sign * value).toBe(output.values[index])
          }
        }
      }
    })

    it('turns as the head does: slerp between the frames is near', () => {
      const output = run(kernels, { rateHz: 200, kinds: KINDS }, head)
      const { timestampsNs } = head
      let [right, most] = [1, 0]
      for (let frame = 0; frame < output.timestampsNs.length; frame++) {
        const now = output.timestampsNs[frame]
        while (timestampsNs[right] < now) right++
        const [a, b] = [quaternionOf(head, right - 1), quaternionOf(head, right)]
        const share = Number(now - timestampsNs[right - 1]) / Number(timestampsNs[right] - timestampsNs[right - 1])
        const angle = Math.acos(Math.min(1, dot(a, b)))
        const slerp = a.map(
          (value, k) => (value * Math.sin((1 - share) * angle) + b[k] * Math.sin(share * angle)) / Math.sin(angle),
        )
        const between = angle < 1e-6 ? a : slerp
        const along = dot(quaternionOf(output, frame), between) / Math.hypot(...between)
        most = Math.max(most, 2 * Math.acos(Math.min(1, along)))
      }
      expect((most * 180) / Math.PI).toBeLessThan(0.2)
    })

    /** The optical trial: no timestamps, exactly 2,000/7 Hz; its quaternion is lost in the first 54 rows. */
    function trial(): Recording {
      const columns = [...columnsOfFile('test/recordings/rotation_quaternion_286hz.csv').values()]
      return {
        timestampsNs: BigInt64Array.from(columns[0], (_, frame) => BigInt(frame) * 3_500_000n),
        values: Float64Array.from(columns[0].flatMap((_, frame) => columns.map((cells) => Number(cells[frame])))),
        channels: 5,
      }
    }

    it.each(['sinc', 'linear', 'cubic'] as const)(
      'leaves NaN where the camera lost the sensor, nowhere else, by %s',
      (method) => {
        const input = trial()
        // lost once more, for two frames
        for (const frame of [200, 201]) input.values.fill(Number.NaN, frame * 5 + 1, frame * 5 + 5)
        const clean = input.values.map((value) => (Number.isNaN(value) ? 0.5 : value))
        for (const rateHz of [100, 2000 / 7]) {
          const output = run(kernels, { rateHz, method, kinds: KINDS }, input)
          const whole = run(kernels, { rateHz, method, kinds: KINDS }, { ...input, values: clean })
          for (let frame = 0; frame < output.timestampsNs.length; frame++) {
            const row = Number(output.timestampsNs[frame]) / 3_500_000
            const quaternion = quaternionOf(output, frame)
            expect(output.values[frame * 5]).toBe(whole.values[frame * 5])
            const isLost = row < 53.999 || (row > 199.001 && row < 201.999)
            const isSeen = row > 54.001 && (row < 198.999 || row > 202.001)
            if (isLost) expect([...quaternion]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
            if (isSeen) expect(Math.abs(Math.hypot(...quaternion) - 1)).toBeLessThan(1e-12)
          }
        }
      },
    )
  })

  describe('a clock that falls by a week', () => {
    const { timestampsNs } = recordingOf('lsl_clock_reset_100hz')
    const input: Recording = {
      timestampsNs,
      values: Float64Array.from(timestampsNs, (_, frame) => Math.sin(frame / 9)),
      channels: 1,
    }

    it('makes two segments, each as long as its time, and loses no frame', () => {
      for (const method of ['sinc', 'linear', 'cubic', 'hold'] as const) {
        const output = run(kernels, { rateHz: 100, method }, input)
        expect(output.segments.length).toBe(2)
        expect([output.lateFrames, output.repeatedFrames]).toEqual([0, 0])
        const [, second] = output.segments
        for (const [from, to, first, end] of [
          [0, 600, 0, second],
          [600, 1200, second, output.timestampsNs.length],
        ]) {
          const seconds = Number(timestampsNs[to - 1] - timestampsNs[from]) / 1e9
          expect(Math.abs(end - first - seconds * 100)).toBeLessThanOrEqual(1)
          expect(output.timestampsNs[first]).toBeGreaterThanOrEqual(timestampsNs[from])
          expect(output.timestampsNs[end - 1]).toBeLessThanOrEqual(timestampsNs[to - 1])
        }
        expect(output.values.every((value) => Math.abs(value) < 1.2)).toBe(true)
      }
    })
  })
})
