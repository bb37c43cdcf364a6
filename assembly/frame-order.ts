// What a frame's timestamp makes of it, before any interpolation: a node, a repeat, a late frame, or part of a clock
// reset. Nodes leave through a queue, which also holds them while the nominal period is unknown.

import {
  RESAMPLER_GAP_PERIODS,
  RESAMPLER_NOMINAL_INTERVALS,
  RESAMPLER_QUEUE_FRAMES,
  RESAMPLER_RESET_FRAMES,
} from './layout'

//  A node: ┌────────────────┬──────────────────┬──────────────────────┐
//          │ timestamp i64  │ starts i64 (0/1) │ values f64 × channels │
//          └────────────────┴──────────────────┴──────────────────────┘
@unmanaged
class FrameOrder {
  channels: i32
  nodeBytes: i32
  queueHead: i32
  queueTail: i32
  /** 1 when a newest node exists; it may still be replaced by a repeat. */
  hasNewest: i32
  lateRunFrames: i32
  intervalCount: i32
  padding: i32
  /** Longest stretch bridged; 0 while the nominal period is being measured. */
  gapNs: i64
  gapLimitNs: i64
  lastQueuedNs: i64
  repeatedFrames: i64
  lateFrames: i64
  intervalsPtr: usize
  newestPtr: usize
  lateRunPtr: usize
  queuePtr: usize
}

export const NODE_VALUES_OFFSET: usize = 16

export function nodeBytes(channels: i32): i32 {
  return (channels << 3) + (NODE_VALUES_OFFSET as i32)
}

/** The struct, and behind it: intervals, newest, late run, queue. */
export function frameOrderBytes(channels: i32): usize {
  const nodes = 1 + RESAMPLER_RESET_FRAMES + RESAMPLER_QUEUE_FRAMES
  return offsetof<FrameOrder>() + (RESAMPLER_NOMINAL_INTERVALS << 3) + (nodes as usize) * (nodeBytes(channels) as usize)
}

export function frameOrderAt(ptr: usize): FrameOrder {
  return changetype<FrameOrder>(ptr)
}

export function frameOrderInit(order: FrameOrder, channels: i32, gapNs: i64, gapLimitNs: i64): void {
  const bytes = nodeBytes(channels) as usize
  const areaPtr = changetype<usize>(order) + offsetof<FrameOrder>()
  order.channels = channels
  order.nodeBytes = bytes as i32
  order.repeatedFrames = 0
  order.lateFrames = 0
  order.intervalsPtr = areaPtr
  order.newestPtr = areaPtr + (RESAMPLER_NOMINAL_INTERVALS << 3)
  order.lateRunPtr = order.newestPtr + bytes
  order.queuePtr = order.lateRunPtr + (RESAMPLER_RESET_FRAMES as usize) * bytes
  order.gapLimitNs = gapLimitNs
  frameOrderRestart(order, gapNs)
}

/** Back to the state before the first frame; the counts stay. */
export function frameOrderRestart(order: FrameOrder, gapNs: i64): void {
  order.queueHead = 0
  order.queueTail = 0
  order.hasNewest = 0
  order.lateRunFrames = 0
  order.intervalCount = 0
  order.gapNs = gapNs
  order.lastQueuedNs = 0
}

function setNode(order: FrameOrder, nodePtr: usize, timestampNs: i64, starts: i64, valuesPtr: usize): void {
  store<i64>(nodePtr, timestampNs)
  store<i64>(nodePtr, starts, 8)
  memory.copy(nodePtr + NODE_VALUES_OFFSET, valuesPtr, (order.channels as usize) << 3)
}

/** Keeps the first 64 intervals sorted; the lower median of them, four times over, is the gap threshold. */
function addInterval(order: FrameOrder, intervalNs: i64): void {
  let ptr = order.intervalsPtr + ((order.intervalCount as usize) << 3)
  for (; ptr > order.intervalsPtr && load<i64>(ptr - 8) > intervalNs; ptr -= 8) {
    store<i64>(ptr, load<i64>(ptr - 8))
  }
  store<i64>(ptr, intervalNs)
  if (++order.intervalCount === RESAMPLER_NOMINAL_INTERVALS) freezeGap(order)
}

/** Fixes the threshold from the intervals seen so far. */
export function freezeGap(order: FrameOrder): void {
  const limitNs = order.gapLimitNs
  order.gapNs = limitNs
  if (order.intervalCount > 0) {
    const nominalNs = load<i64>(order.intervalsPtr + (((order.intervalCount - 1) >> 1) << 3))
    if (nominalNs <= limitNs / RESAMPLER_GAP_PERIODS) order.gapNs = nominalNs * RESAMPLER_GAP_PERIODS
  }
}

function queueNewest(order: FrameOrder): void {
  const newestPtr = order.newestPtr
  const timestampNs = load<i64>(newestPtr)
  const target = order.queuePtr + (order.queueTail as usize) * (order.nodeBytes as usize)
  memory.copy(target, newestPtr, order.nodeBytes)
  order.queueTail++
  if (order.gapNs === 0 && load<i64>(newestPtr, 8) === 0) addInterval(order, timestampNs - order.lastQueuedNs)
  order.lastQueuedNs = timestampNs
}

function settleLateRun(order: FrameOrder): void {
  order.lateFrames += order.lateRunFrames as i64
  order.lateRunFrames = 0
}

function lateNode(order: FrameOrder, index: i32): usize {
  return order.lateRunPtr + (index as usize) * (order.nodeBytes as usize)
}

function takeLate(order: FrameOrder, timestampNs: i64, valuesPtr: usize): void {
  if (order.lateRunFrames > 0) {
    const lastPtr = lateNode(order, order.lateRunFrames - 1)
    const lastNs = load<i64>(lastPtr)
    if (timestampNs === lastNs) {
      setNode(order, lastPtr, timestampNs, 0, valuesPtr)
      order.repeatedFrames++
      return
    }
    if (timestampNs < lastNs) settleLateRun(order)
  }
  setNode(order, lateNode(order, order.lateRunFrames), timestampNs, 0, valuesPtr)
  if (++order.lateRunFrames < RESAMPLER_RESET_FRAMES) return
  order.lateRunFrames = 0
  for (let index = 0; index < RESAMPLER_RESET_FRAMES; index++) {
    queueNewest(order)
    memory.copy(order.newestPtr, lateNode(order, index), order.nodeBytes)
    if (index === 0) store<i64>(order.newestPtr, 1, 8)
  }
}

/** Takes one frame. The queue must be empty, or the threshold unknown. */
export function takeFrame(order: FrameOrder, timestampNs: i64, valuesPtr: usize): void {
  const newestNs = load<i64>(order.newestPtr)
  if (order.hasNewest === 0) {
    order.hasNewest = 1
    setNode(order, order.newestPtr, timestampNs, 1, valuesPtr)
  } else if (timestampNs < newestNs) {
    takeLate(order, timestampNs, valuesPtr)
  } else if (timestampNs === newestNs) {
    settleLateRun(order)
    setNode(order, order.newestPtr, timestampNs, load<i64>(order.newestPtr, 8), valuesPtr)
    order.repeatedFrames++
  } else {
    settleLateRun(order)
    queueNewest(order)
    setNode(order, order.newestPtr, timestampNs, 0, valuesPtr)
  }
}

/** Nothing follows: the newest node is final, late frames are late. */
export function finishFrames(order: FrameOrder): void {
  settleLateRun(order)
  if (order.hasNewest !== 0) queueNewest(order)
  order.hasNewest = 0
  if (order.gapNs === 0) freezeGap(order)
}
