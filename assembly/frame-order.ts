// What a frame's timestamp makes of it, before any interpolation: a frame in its place, a repeat, a late frame, or part
// of a clock reset. The newest eight wait to be sorted; those before can be taken from the queue's head.

import {
  RESAMPLER_GAP_LIMIT_OUTPUTS,
  RESAMPLER_GAP_PERIODS,
  RESAMPLER_NOMINAL_INTERVALS,
  RESAMPLER_QUEUE_FRAMES,
  RESAMPLER_RESET_FRAMES,
  RESAMPLER_SORTED_FRAMES,
} from './layout'

//  A frame: ┌────────────────┬──────────────────┬───────────────────────┬───────────────────┐
//           │ timestamp i64  │ starts i64 (0/1) │ values f64 × channels │ 0 to a whole pair │
//           └────────────────┴──────────────────┴───────────────────────┴───────────────────┘
//  The queue: head … released … tail; frames from `released` on wait.
@unmanaged
class FrameOrder {
  channels: i32
  frameBytes: i32
  head: i32
  released: i32
  tail: i32
  lateRunFrames: i32
  intervalCount: i32
  /** 1 once a frame of the present clock has left. */
  hasLast: i32
  /** As given to init: 0 measures. */
  givenNominalNs: i64
  givenGapNs: i64
  gapLimitNs: i64
  /** 0 while the nominal period is being measured. */
  nominalNs: i64
  /** The nominal period last known, after a restart too. */
  knownNominalNs: i64
  /** Longest stretch bridged; 0 while unknown. */
  gapNs: i64
  /** Timestamp of the last frame that left. */
  lastNs: i64
  repeatedFrames: i64
  sortedFrames: i64
  lateFrames: i64
  intervalsPtr: usize
  lateRunPtr: usize
  queuePtr: usize
}

export const FRAME_VALUES_OFFSET: usize = 16

function frameBytes(channels: i32): i32 {
  return (((channels + 1) & ~1) << 3) + (FRAME_VALUES_OFFSET as i32)
}

/** The struct, and behind it: intervals, late run, queue. */
export function frameOrderBytes(channels: i32): usize {
  const frames = RESAMPLER_RESET_FRAMES + RESAMPLER_QUEUE_FRAMES
  return (
    offsetof<FrameOrder>() + (RESAMPLER_NOMINAL_INTERVALS << 3) + (frames as usize) * (frameBytes(channels) as usize)
  )
}

export function frameOrderAt(ptr: usize): FrameOrder {
  return changetype<FrameOrder>(ptr)
}

export function frameOrderInit(order: FrameOrder, channels: i32, nominalNs: i64, gapNs: i64, gapLimitNs: i64): void {
  order.channels = channels
  order.frameBytes = frameBytes(channels)
  order.givenNominalNs = nominalNs
  order.givenGapNs = gapNs
  order.gapLimitNs = gapLimitNs
  order.knownNominalNs = nominalNs
  order.repeatedFrames = 0
  order.sortedFrames = 0
  order.lateFrames = 0
  order.intervalsPtr = changetype<usize>(order) + offsetof<FrameOrder>()
  order.lateRunPtr = order.intervalsPtr + (RESAMPLER_NOMINAL_INTERVALS << 3)
  order.queuePtr = order.lateRunPtr + (RESAMPLER_RESET_FRAMES as usize) * (order.frameBytes as usize)
  frameOrderRestart(order)
}

/** Back to the state before the first frame; the counts stay. */
export function frameOrderRestart(order: FrameOrder): void {
  order.head = 0
  order.released = 0
  order.tail = 0
  order.lateRunFrames = 0
  order.intervalCount = 0
  order.hasLast = 0
  order.nominalNs = order.givenNominalNs
  order.gapNs = order.givenGapNs
  if (order.gapNs === 0 && order.nominalNs > 0) order.gapNs = gapOf(order, order.nominalNs)
}

/** Four nominal periods, within the limit. */
function gapOf(order: FrameOrder, nominalNs: i64): i64 {
  const limitNs = order.gapLimitNs
  return nominalNs <= limitNs / RESAMPLER_GAP_PERIODS ? nominalNs * RESAMPLER_GAP_PERIODS : limitNs
}

function frameAt(order: FrameOrder, index: i32): usize {
  return order.queuePtr + (index as usize) * (order.frameBytes as usize)
}

/** The frame at the head, or 0 while none has left. */
export function nextFrame(order: FrameOrder): usize {
  return order.head < order.released ? frameAt(order, order.head) : 0
}

function setFrame(order: FrameOrder, framePtr: usize, timestampNs: i64, starts: i64, valuesPtr: usize): void {
  store<i64>(framePtr, timestampNs)
  store<i64>(framePtr, starts, 8)
  let to = framePtr + FRAME_VALUES_OFFSET
  for (let channel = order.channels; channel > 0; channel--, to += 8, valuesPtr += 8)
    store<u64>(to, load<u64>(valuesPtr))
}

/** Keeps the first 64 intervals sorted; their lower median is the nominal period. */
function addInterval(order: FrameOrder, intervalNs: i64): void {
  let ptr = order.intervalsPtr + ((order.intervalCount as usize) << 3)
  for (; ptr > order.intervalsPtr && load<i64>(ptr - 8) > intervalNs; ptr -= 8) {
    store<i64>(ptr, load<i64>(ptr - 8))
  }
  store<i64>(ptr, intervalNs)
  if (++order.intervalCount === RESAMPLER_NOMINAL_INTERVALS) freeze(order)
}

/** Fixes period and threshold from the intervals seen so far; without any, the period is the output's. */
function freeze(order: FrameOrder): void {
  const middle = ((order.intervalCount - 1) >> 1) << 3
  order.nominalNs =
    order.intervalCount > 0 ? load<i64>(order.intervalsPtr + middle) : order.gapLimitNs / RESAMPLER_GAP_LIMIT_OUTPUTS
  order.knownNominalNs = order.nominalNs
  if (order.givenGapNs === 0) order.gapNs = gapOf(order, order.nominalNs)
}

/** The oldest waiting frame leaves. */
function release(order: FrameOrder): void {
  const framePtr = frameAt(order, order.released++)
  const timestampNs = load<i64>(framePtr)
  if (order.nominalNs === 0 && load<i64>(framePtr, 8) === 0) addInterval(order, timestampNs - order.lastNs)
  order.lastNs = timestampNs
  order.hasLast = 1
}

function releaseAll(order: FrameOrder): void {
  while (order.released < order.tail) release(order)
}

function settleLateRun(order: FrameOrder): void {
  order.lateFrames += order.lateRunFrames as i64
  order.lateRunFrames = 0
}

/** Makes room for `frames` more frames at the tail. */
function reserve(order: FrameOrder, frames: i32): void {
  if (order.tail + frames <= RESAMPLER_QUEUE_FRAMES) return
  const head = order.head
  memory.copy(order.queuePtr, frameAt(order, head), (order.tail - head) * order.frameBytes)
  order.head = 0
  order.released -= head
  order.tail -= head
}

function takeLate(order: FrameOrder, timestampNs: i64, valuesPtr: usize): void {
  const frameBytes = order.frameBytes as usize
  if (order.lateRunFrames > 0) {
    const lastPtr = order.lateRunPtr + (order.lateRunFrames as usize) * frameBytes - frameBytes
    const lastNs = load<i64>(lastPtr)
    if (timestampNs === lastNs) {
      setFrame(order, lastPtr, timestampNs, 0, valuesPtr)
      order.repeatedFrames++
      return
    }
    if (timestampNs < lastNs) settleLateRun(order)
  }
  setFrame(order, order.lateRunPtr + (order.lateRunFrames as usize) * frameBytes, timestampNs, 0, valuesPtr)
  if (++order.lateRunFrames < RESAMPLER_RESET_FRAMES) return
  order.lateRunFrames = 0
  releaseAll(order)
  reserve(order, RESAMPLER_RESET_FRAMES)
  const firstPtr = frameAt(order, order.tail)
  memory.copy(firstPtr, order.lateRunPtr, RESAMPLER_RESET_FRAMES * order.frameBytes)
  store<i64>(firstPtr, 1, 8)
  order.tail += RESAMPLER_RESET_FRAMES
  order.hasLast = 0
}

/** A frame that is not the newest: among those that wait, or late. */
function takeOlder(order: FrameOrder, timestampNs: i64, valuesPtr: usize): void {
  let index = order.tail
  while (index > order.released && load<i64>(frameAt(order, index - 1)) > timestampNs) index--
  if (index === order.released && order.hasLast !== 0 && timestampNs <= order.lastNs) {
    takeLate(order, timestampNs, valuesPtr)
    return
  }
  settleLateRun(order)
  if (index > order.released) {
    const beforePtr = frameAt(order, index - 1)
    if (load<i64>(beforePtr) === timestampNs) {
      setFrame(order, beforePtr, timestampNs, load<i64>(beforePtr, 8), valuesPtr)
      order.repeatedFrames++
      return
    }
  }
  order.sortedFrames++
  const framePtr = frameAt(order, index)
  const starts: i64 = index === order.released && order.hasLast === 0 ? 1 : 0
  if (starts !== 0) store<i64>(framePtr, 0, 8)
  memory.copy(framePtr + (order.frameBytes as usize), framePtr, (order.tail - index) * order.frameBytes)
  setFrame(order, framePtr, timestampNs, starts, valuesPtr)
  order.tail++
}

/** Takes one frame. All that has left must have been taken, or the nominal period be unknown. */
export function takeFrame(order: FrameOrder, timestampNs: i64, valuesPtr: usize): void {
  reserve(order, 1)
  const isFirst = order.released === order.tail
  if (isFirst || timestampNs > load<i64>(frameAt(order, order.tail - 1))) {
    settleLateRun(order)
    setFrame(order, frameAt(order, order.tail), timestampNs, isFirst ? 1 : 0, valuesPtr)
    order.tail++
  } else takeOlder(order, timestampNs, valuesPtr)
  if (order.tail - order.released > RESAMPLER_SORTED_FRAMES) release(order)
}

/** Nothing follows: all frames leave, late ones are late. */
export function finishFrames(order: FrameOrder): void {
  settleLateRun(order)
  releaseAll(order)
  if (order.nominalNs === 0) freeze(order)
}
