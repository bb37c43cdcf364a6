// A polyphase filter over one segment of uniform samples, channels one after the other. Samples are kept as differences
// from the channel's first number, the origin; beyond both ends the segment goes on reflected about its end.
// The numbers of the filter come from the host: src/kernels/filter-plan.ts.

//  at ──► ┌───────────────────────────────────────────────────┐
//         │ Polyphase                                         │
//         │ origins f64, to a whole pair; has origin u8       │ × channels
//         │ coefficients: rows (+ 1 when blended) × taps      │ f32 or f64, written by the host
//         │ samples                                           │ channels × capacity, f32 or f64
//         │ holes u8                                          │ channels × capacity
//         └───────────────────────────────────────────────────┘
@unmanaged
class Polyphase {
  channels: i32
  halfTaps: i32
  rows: i32
  isBlended: i32
  isSingle: i32
  stepWhole: i32
  stepRest: i32
  stepDenominator: i32
  capacity: i32
  /** Samples of the segment so far, at most one more than the filter reaches. */
  reachFrames: i32
  filled: i32
  /** Where the segment's first sample lies, while it is held. */
  firstFrame: i32
  /** Last sample at or before the next output, and how far beyond that lies: rest / stepDenominator. */
  centre: i32
  rest: i32
  /** Every hole lies before. */
  holesEnd: i32
  hasStarted: i32
  hasEnded: i32
  /** 1 once every channel has its origin. */
  hasOrigins: i32
  edgeFrames: i64
  /** Rows per unit of rest. */
  rowScale: f64
  originsPtr: usize
  hasOriginPtr: usize
  coefficientsPtr: usize
  samplesPtr: usize
  holesPtr: usize
}

/** Frames the buffer holds beyond twice the filter. */
const SLACK_FRAMES: i32 = 4096
export function polyphaseAt(ptr: usize): Polyphase {
  return changetype<Polyphase>(ptr)
}

function capacityOf(halfTaps: i32): i32 {
  return 4 * halfTaps + SLACK_FRAMES
}

function valueShift(isSingle: i32): usize {
  return isSingle !== 0 ? 2 : 3
}

function align16(bytes: usize): usize {
  return (bytes + 15) & ~15
}

/** Bytes of a value for each channel, to a whole pair. */
function pairBytes(channels: i32): usize {
  return ((channels + 1) & ~1) << 3
}

function originsOffset(): usize {
  return align16(offsetof<Polyphase>())
}

function coefficientsOffset(channels: i32): usize {
  return align16(originsOffset() + pairBytes(channels) + (channels as usize))
}

function coefficientBytes(halfTaps: i32, rows: i32, isBlended: i32, isSingle: i32): usize {
  return align16((((rows + isBlended) * 2 * halfTaps) as usize) << valueShift(isSingle))
}

export function polyphaseBytes(channels: i32, halfTaps: i32, rows: i32, isBlended: i32, isSingle: i32): usize {
  const frames = (channels as usize) * (capacityOf(halfTaps) as usize)
  return (
    coefficientsOffset(channels) +
    coefficientBytes(halfTaps, rows, isBlended, isSingle) +
    (frames << valueShift(isSingle)) +
    frames
  )
}

/** Lays the filter out; the host writes the coefficients behind it. */
export function polyphaseInit(
  ptr: usize,
  channels: i32,
  halfTaps: i32,
  rows: i32,
  isBlended: i32,
  isSingle: i32,
  stepWhole: i32,
  stepRest: i32,
  stepDenominator: i32,
): void {
  const filter = polyphaseAt(ptr)
  filter.channels = channels
  filter.halfTaps = halfTaps
  filter.rows = rows
  filter.isBlended = isBlended
  filter.isSingle = isSingle
  filter.stepWhole = stepWhole
  filter.stepRest = stepRest
  filter.stepDenominator = stepDenominator
  filter.capacity = capacityOf(halfTaps)
  filter.edgeFrames = 0
  filter.rowScale = (rows as f64) / (stepDenominator as f64)
  filter.originsPtr = ptr + originsOffset()
  filter.hasOriginPtr = filter.originsPtr + pairBytes(channels)
  filter.coefficientsPtr = ptr + coefficientsOffset(channels)
  filter.samplesPtr = filter.coefficientsPtr + coefficientBytes(halfTaps, rows, isBlended, isSingle)
  filter.holesPtr = filter.samplesPtr + (((channels as usize) * (filter.capacity as usize)) << valueShift(isSingle))
  polyphaseRestart(ptr, 0)
}

export function polyphaseCoefficientsPtr(ptr: usize): usize {
  return polyphaseAt(ptr).coefficientsPtr
}

export function polyphaseEdgeFrames(ptr: usize): f64 {
  return polyphaseAt(ptr).edgeFrames as f64
}

/** Begins a segment; the first output lies `offset` samples behind the first sample. */
export function polyphaseRestart(ptr: usize, offset: i32): void {
  const filter = polyphaseAt(ptr)
  filter.reachFrames = 0
  filter.filled = filter.halfTaps
  filter.firstFrame = filter.halfTaps
  filter.centre = filter.halfTaps + offset
  filter.rest = 0
  filter.holesEnd = 0
  filter.hasStarted = 0
  filter.hasEnded = 0
  filter.hasOrigins = 0
  memory.fill(filter.originsPtr, 0, filter.hasOriginPtr - filter.originsPtr + (filter.channels as usize))
}

function isNumber(value: f64): bool {
  return value - value === 0
}

/** The difference of a value from its channel's origin, which the first number fixes; NaN for no number. */
function differenceOf(filter: Polyphase, channel: usize, value: f64): f64 {
  if (!isNumber(value)) return NaN
  const originPtr = filter.originsPtr + (channel << 3)
  if (load<u8>(filter.hasOriginPtr + channel) === 0) {
    store<u8>(filter.hasOriginPtr + channel, 1)
    store<f64>(originPtr, value)
  }
  const difference = value - load<f64>(originPtr)
  return filter.isSingle !== 0 ? (difference as f32 as f64) : difference
}

/** The same for a frame's values, 64 bits wide and padded to a whole pair; `to` may be where they are. */
export function polyphaseDifferences(filter: Polyphase, valuesPtr: usize, to: usize): void {
  if (filter.hasOrigins !== 0) {
    let odd = f64x2.splat(0)
    const bytes = pairBytes(filter.channels)
    for (let channel: usize = 0; channel < bytes; channel += 16) {
      const differences = f64x2.sub(v128.load(valuesPtr + channel), v128.load(filter.originsPtr + channel))
      odd = f64x2.add(odd, f64x2.sub(differences, differences))
    }
    if (f64x2.extract_lane(odd, 0) + f64x2.extract_lane(odd, 1) === 0) {
      for (let channel: usize = 0; channel < bytes; channel += 16) {
        v128.store(to + channel, f64x2.sub(v128.load(valuesPtr + channel), v128.load(filter.originsPtr + channel)))
      }
      return
    }
  }
  let origins = 0
  for (let channel = 0; channel < filter.channels; channel++) {
    const at = (channel as usize) << 3
    store<f64>(to + at, differenceOf(filter, channel, load<f64>(valuesPtr + at)))
    origins += load<u8>(filter.hasOriginPtr + (channel as usize))
  }
  filter.hasOrigins = origins === filter.channels ? 1 : 0
}

export function polyphaseRoom(filter: Polyphase): i32 {
  return filter.capacity - filter.filled
}

/** Lets go of what neither outputs nor a reflection need any more: room for 4,096 samples, outputs having been taken. */
export function polyphaseCompact(filter: Polyphase): void {
  const first = min(filter.centre, filter.filled - 1) - filter.halfTaps
  const shift = valueShift(filter.isSingle)
  const frames = (filter.filled - first) as usize
  const capacity = filter.capacity as usize
  for (let channel: usize = 0; channel < (filter.channels as usize); channel++) {
    const samples = filter.samplesPtr + ((channel * capacity) << shift)
    memory.copy(samples, samples + ((first as usize) << shift), frames << shift)
    const holes = filter.holesPtr + channel * capacity
    memory.copy(holes, holes + (first as usize), max(0, filter.holesEnd - first))
  }
  filter.filled -= first
  filter.centre -= first
  filter.firstFrame -= first
  filter.holesEnd = max(0, filter.holesEnd - first)
}

/** Takes one sample of every channel, as differences in 64 bits; what is no number is a hole. There must be room. */
export function polyphaseAppend(filter: Polyphase, differencesPtr: usize): void {
  const channels = filter.channels as usize
  const capacity = filter.capacity as usize
  let samples = filter.samplesPtr + ((filter.filled as usize) << 3)
  let odd: f64 = 0
  for (let channel: usize = 0; channel < channels << 3; channel += 8, samples += capacity << 3) {
    const difference = load<f64>(differencesPtr + channel)
    store<f64>(samples, difference)
    odd += difference - difference
  }
  if (odd !== 0) for (let channel: usize = 0; channel < channels; channel++) fillHoles(filter, channel, 1)
  filter.filled++
  grown(filter, 1)
}

/** Makes a hole of a sample. Which samples are holes is kept up to the last one only. */
function markHole(filter: Polyphase, channel: usize, index: i32): void {
  const end = filter.holesEnd
  const capacity = filter.capacity as usize
  if (index >= end) {
    for (let one: usize = 0; one < (filter.channels as usize); one++) {
      memory.fill(filter.holesPtr + one * capacity + (end as usize), 0, index + 1 - end)
    }
    filter.holesEnd = index + 1
  }
  store<u8>(filter.holesPtr + channel * capacity + (index as usize), 1)
}

/** Makes holes of a channel's next differences that are no numbers, each filled with the sample before. */
function fillHoles(filter: Polyphase, channel: usize, count: i32): void {
  const shift = valueShift(filter.isSingle)
  const samples = filter.samplesPtr + ((channel * (filter.capacity as usize)) << shift)
  for (let index = filter.filled; index < filter.filled + count; index++) {
    const to = samples + ((index as usize) << shift)
    if (isNumber(sampleAt(filter, to))) continue
    const isFirst = index === filter.filled && filter.reachFrames === 0
    if (filter.isSingle !== 0) store<f32>(to, isFirst ? 0 : load<f32>(to - 4))
    else store<f64>(to, isFirst ? 0 : load<f64>(to - 8))
    markHole(filter, channel, index)
  }
}

/** So many more samples are there; enough of them, and the segment has started. */
function grown(filter: Polyphase, frames: i32): void {
  if (filter.hasStarted !== 0) return
  filter.reachFrames += frames
  if (filter.reachFrames > filter.halfTaps) start(filter)
}

function sampleAt(filter: Polyphase, ptr: usize): f64 {
  return filter.isSingle !== 0 ? (load<f32>(ptr) as f64) : load<f64>(ptr)
}

/** Reflects samples about the one at `pivot`, `side` −1 or 1, as far as there are such. */
function reflect(filter: Polyphase, pivot: i32, side: i32): void {
  const half = filter.halfTaps
  const reach = min(half, filter.reachFrames - 1)
  const shift = valueShift(filter.isSingle)
  const capacity = filter.capacity as usize
  for (let channel: usize = 0; channel < (filter.channels as usize); channel++) {
    const pivotPtr = filter.samplesPtr + ((channel * capacity + (pivot as usize)) << shift)
    const twice = 2 * sampleAt(filter, pivotPtr)
    for (let k = 1; k <= half; k++) {
      const offset = (min(k, reach) as usize) << shift
      const target = (k as usize) << shift
      const value = sampleAt(filter, side < 0 ? pivotPtr + offset : pivotPtr - offset)
      const to = side < 0 ? pivotPtr - target : pivotPtr + target
      if (filter.isSingle !== 0) store<f32>(to, (twice as f32) - (value as f32))
      else store<f64>(to, twice - value)
    }
  }
}

function start(filter: Polyphase): void {
  reflect(filter, filter.halfTaps, -1)
  filter.hasStarted = 1
}

/** Ends the segment. */
export function polyphaseEnd(filter: Polyphase): void {
  if (filter.hasStarted === 0) start(filter)
  if (polyphaseRoom(filter) < filter.halfTaps) polyphaseCompact(filter)
  reflect(filter, filter.filled - 1, 1)
  filter.filled += filter.halfTaps
  filter.hasEnded = 1
}

/** Whether an output can be taken. */
export function polyphaseIsReady(filter: Polyphase): bool {
  return filter.hasStarted !== 0 && filter.centre + filter.halfTaps < filter.filled
}

function dotWide(coefficients: usize, samples: usize, bytes: usize): f64 {
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  let c = f64x2.splat(0)
  let d = f64x2.splat(0)
  for (const end = samples + bytes; samples < end; samples += 64, coefficients += 64) {
    a = f64x2.add(a, f64x2.mul(v128.load(coefficients), v128.load(samples)))
    b = f64x2.add(b, f64x2.mul(v128.load(coefficients, 16), v128.load(samples, 16)))
    c = f64x2.add(c, f64x2.mul(v128.load(coefficients, 32), v128.load(samples, 32)))
    d = f64x2.add(d, f64x2.mul(v128.load(coefficients, 48), v128.load(samples, 48)))
  }
  a = f64x2.add(a, c)
  b = f64x2.add(b, d)
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1))
}

function dotSingle(coefficients: usize, samples: usize, bytes: usize): f32 {
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  for (const end = samples + bytes; samples < end; samples += 64, coefficients += 64) {
    a = f32x4.add(a, f32x4.mul(v128.load(coefficients), v128.load(samples)))
    b = f32x4.add(b, f32x4.mul(v128.load(coefficients, 16), v128.load(samples, 16)))
    c = f32x4.add(c, f32x4.mul(v128.load(coefficients, 32), v128.load(samples, 32)))
    d = f32x4.add(d, f32x4.mul(v128.load(coefficients, 48), v128.load(samples, 48)))
  }
  a = f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
  a = f32x4.add(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2))
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2)
}

/** Whether a sample beside the output was no number. */
function isHole(filter: Polyphase, channel: usize, centre: i32, rest: i32): bool {
  const ptr = filter.holesPtr + channel * (filter.capacity as usize) + (centre as usize)
  return load<u8>(ptr) !== 0 || (rest > 0 && centre + 1 < filter.holesEnd && load<u8>(ptr, 1) !== 0)
}

/** Writes a channel's values as differences from `origin`; false when one is no number. */
function subtractWide(valuesPtr: usize, stride: usize, to: usize, count: i32, origin: f64): bool {
  const end = to + ((count as usize) << 3)
  const vectorsEnd = stride === 8 ? end - 15 : to
  const origins = f64x2.splat(origin)
  let odd = f64x2.splat(0)
  for (; to < vectorsEnd; to += 16, valuesPtr += 16) {
    const differences = f64x2.sub(v128.load(valuesPtr), origins)
    v128.store(to, differences)
    odd = f64x2.add(odd, f64x2.sub(differences, differences))
  }
  let rest = f64x2.extract_lane(odd, 0) + f64x2.extract_lane(odd, 1)
  for (; to < end; to += 8, valuesPtr += stride) {
    const difference = load<f64>(valuesPtr) - origin
    store<f64>(to, difference)
    rest += difference - difference
  }
  return rest === 0
}

function subtractSingle(valuesPtr: usize, stride: usize, to: usize, count: i32, origin: f32): bool {
  const end = to + ((count as usize) << 2)
  const vectorsEnd = stride === 4 ? end - 15 : to
  const origins = f32x4.splat(origin)
  let odd = f32x4.splat(0)
  for (; to < vectorsEnd; to += 16, valuesPtr += 16) {
    const differences = f32x4.sub(v128.load(valuesPtr), origins)
    v128.store(to, differences)
    odd = f32x4.add(odd, f32x4.sub(differences, differences))
  }
  let rest = f32x4.extract_lane(odd, 0) + f32x4.extract_lane(odd, 1)
  rest += f32x4.extract_lane(odd, 2) + f32x4.extract_lane(odd, 3)
  for (; to < end; to += 4, valuesPtr += stride) {
    const difference = load<f32>(valuesPtr) - origin
    store<f32>(to, difference)
    rest += difference - difference
  }
  return rest === 0
}

/** Fixes the origin of a channel by its first number among those given, if it has none. */
function findOrigin(filter: Polyphase, channel: usize, valuesPtr: usize, stride: usize, count: i32): f64 {
  let ptr = valuesPtr
  for (let index = 0; index < count && load<u8>(filter.hasOriginPtr + channel) === 0; index++, ptr += stride) {
    differenceOf(filter, channel, sampleAt(filter, ptr))
  }
  return load<f64>(filter.originsPtr + (channel << 3))
}

/**
 * Takes frames of the samples' width, interleaved, as many as there is room for; returns how many. All outputs must have
 * been pulled before.
 */
export function polyphasePush(ptr: usize, framesPtr: usize, frames: i32): i32 {
  const filter = polyphaseAt(ptr)
  if (polyphaseRoom(filter) < min(frames, SLACK_FRAMES)) polyphaseCompact(filter)
  const count = min(frames, polyphaseRoom(filter))
  const channels = filter.channels as usize
  const shift = valueShift(filter.isSingle)
  const stride = channels << shift
  for (let channel: usize = 0; channel < channels; channel++) {
    const valuesPtr = framesPtr + (channel << shift)
    const at = channel * (filter.capacity as usize) + (filter.filled as usize)
    const to = filter.samplesPtr + (at << shift)
    const origin = findOrigin(filter, channel, valuesPtr, stride, count)
    const areNumbers =
      filter.isSingle !== 0
        ? subtractSingle(valuesPtr, stride, to, count, origin as f32)
        : subtractWide(valuesPtr, stride, to, count, origin)
    if (!areNumbers) fillHoles(filter, channel, count)
  }
  filter.filled += count
  grown(filter, count)
  return count
}

/** Outputs that can be pulled once so many more frames are there. */
export function polyphaseOutputs(ptr: usize, moreFrames: i32): i32 {
  const filter = polyphaseAt(ptr)
  if (filter.hasStarted === 0 && filter.reachFrames + moreFrames <= filter.halfTaps) return 0
  const frames = (filter.filled + moreFrames - filter.halfTaps - filter.centre) as i64
  const denominator = filter.stepDenominator as i64
  const step = (filter.stepWhole as i64) * denominator + (filter.stepRest as i64)
  return frames > 0 ? (((frames * denominator - (filter.rest as i64) + step - 1) / step) as i32) : 0
}

/** Gives up to `frames` outputs, interleaved, of the samples' width; returns how many. */
export function polyphasePull(ptr: usize, targetPtr: usize, frames: i32): i32 {
  const filter = polyphaseAt(ptr)
  return filter.hasStarted !== 0 ? polyphaseTake(filter, targetPtr, frames) : 0
}

/** Ends the segment: the rest can be pulled. */
export function polyphaseFlush(ptr: usize): void {
  polyphaseEnd(polyphaseAt(ptr))
}

/** Gives up to `frames` outputs, interleaved, of the samples' width; returns how many. */
export function polyphaseTake(filter: Polyphase, targetPtr: usize, frames: i32): i32 {
  return filter.isSingle !== 0 ? takeSingle(filter, targetPtr, frames) : takeWide(filter, targetPtr, frames)
}

function takeWide(filter: Polyphase, targetPtr: usize, frames: i32): i32 {
  const half = filter.halfTaps
  const rowBytes = (half as usize) << 4
  const channels = filter.channels as usize
  const channelBytes = (filter.capacity as usize) << 3
  const coefficientsPtr = filter.coefficientsPtr
  const originsPtr = filter.originsPtr
  const isBlended = filter.isBlended !== 0
  const rowScale = filter.rowScale
  const samplesPtr = filter.samplesPtr
  const holesEnd = filter.holesEnd
  const stepWhole = filter.stepWhole
  const stepRest = filter.stepRest
  const stepDenominator = filter.stepDenominator
  const firstEdge = filter.hasEnded !== 0 ? i32.MAX_VALUE : filter.firstFrame
  const last = filter.filled - half
  let centre = filter.centre
  let rest = filter.rest
  let target = targetPtr
  let taken = 0
  for (; taken < frames && centre < last; taken++) {
    const first = centre - half + 1
    let rowPtr = coefficientsPtr
    let weight: f64 = 0
    if (isBlended) {
      const place = (rest as f64) * rowScale
      const row = floor(place)
      weight = place - row
      rowPtr += (row as usize) * rowBytes
    } else rowPtr += (rest as usize) * rowBytes
    let samples = samplesPtr + ((first as usize) << 3)
    for (let channel: usize = 0; channel < channels; channel++, samples += channelBytes, target += 8) {
      let sum = dotWide(rowPtr, samples, rowBytes)
      if (isBlended) sum += (dotWide(rowPtr + rowBytes, samples, rowBytes) - sum) * weight
      const origin = load<f64>(originsPtr + (channel << 3))
      let value = sum === 0 ? origin : origin + sum
      if (value - value !== 0 || (centre < holesEnd && isHole(filter, channel, centre, rest))) value = NaN
      store<f64>(target, value)
    }
    if (first < firstEdge) filter.edgeFrames++
    centre += stepWhole
    rest += stepRest
    if (rest >= stepDenominator) {
      rest -= stepDenominator
      centre++
    }
  }
  filter.centre = centre
  filter.rest = rest
  return taken
}

function takeSingle(filter: Polyphase, targetPtr: usize, frames: i32): i32 {
  const half = filter.halfTaps
  const rowBytes = (half as usize) << 3
  const channels = filter.channels as usize
  const channelBytes = (filter.capacity as usize) << 2
  const coefficientsPtr = filter.coefficientsPtr
  const originsPtr = filter.originsPtr
  const isBlended = filter.isBlended !== 0
  const rowScale = filter.rowScale
  const samplesPtr = filter.samplesPtr
  const holesEnd = filter.holesEnd
  const stepWhole = filter.stepWhole
  const stepRest = filter.stepRest
  const stepDenominator = filter.stepDenominator
  const firstEdge = filter.hasEnded !== 0 ? i32.MAX_VALUE : filter.firstFrame
  const last = filter.filled - half
  let centre = filter.centre
  let rest = filter.rest
  let target = targetPtr
  let taken = 0
  for (; taken < frames && centre < last; taken++) {
    const first = centre - half + 1
    let rowPtr = coefficientsPtr
    let weight: f32 = 0
    if (isBlended) {
      const place = (rest as f64) * rowScale
      const row = floor(place)
      weight = (place - row) as f32
      rowPtr += (row as usize) * rowBytes
    } else rowPtr += (rest as usize) * rowBytes
    let samples = samplesPtr + ((first as usize) << 2)
    for (let channel: usize = 0; channel < channels; channel++, samples += channelBytes, target += 4) {
      let sum = dotSingle(rowPtr, samples, rowBytes)
      if (isBlended) sum += (dotSingle(rowPtr + rowBytes, samples, rowBytes) - sum) * weight
      const origin = load<f64>(originsPtr + (channel << 3)) as f32
      let value = sum === 0 ? origin : origin + sum
      if (value - value !== 0 || (centre < holesEnd && isHole(filter, channel, centre, rest))) value = f32.NaN
      store<f32>(target, value)
    }
    if (first < firstEdge) filter.edgeFrames++
    centre += stepWhole
    rest += stepRest
    if (rest >= stepDenominator) {
      rest -= stepDenominator
      centre++
    }
  }
  filter.centre = centre
  filter.rest = rest
  return taken
}
