// Linear interpolation of irregular frames onto the absolute grid. Every stage works frame by frame, so that cutting
// the input differently changes nothing.

import { finishFrames, frameOrderAt, NODE_VALUES_OFFSET, nodeBytes, takeFrame } from './frame-order'
import { gridAt, gridSeek, gridStep } from './grid'
import { gridPtr, orderPtr, resamplerAt, restart } from './resampler-state'

const CANONICAL_NAN: u64 = 0x7ff8000000000000

/** Opens the output frame at the grid's instant, steps the grid, and returns where its values go. */
function openOutput(statePtr: usize): usize {
  const state = resamplerAt(statePtr)
  const grid = gridAt(gridPtr(statePtr))
  const index = state.framesProduced++
  store<i64>(state.outputTimestampsPtr + ((index as usize) << 3), grid.instantNs)
  if (state.segmentPending !== 0) {
    store<u32>(state.outputSegmentsPtr + ((state.segmentCount as usize) << 2), index)
    state.segmentCount++
    state.segmentPending = 0
  }
  gridStep(grid)
  return state.outputValuesPtr + (index as usize) * (state.channels as usize) * 8
}

/** Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
function interpolate(before: f64, after: f64, fraction: f64): f64 {
  if (before === after) return before
  const slope = after - before
  const value = abs(slope) < Infinity ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return value < 0 || value >= 0 ? value : reinterpret<f64>(CANONICAL_NAN)
}

/** Emits up to the node; false when the output stage is full before the node is used up. */
function advance(statePtr: usize, nodePtr: usize): bool {
  const state = resamplerAt(statePtr)
  const grid = gridAt(gridPtr(statePtr))
  const channels = state.channels as usize
  const previousPtr = state.previousPtr
  const nodeNs = load<i64>(nodePtr)
  const previousNs = load<i64>(previousPtr)
  const starts =
    state.hasPrevious === 0 ||
    load<i64>(nodePtr, 8) !== 0 ||
    nodeNs - previousNs > frameOrderAt(orderPtr(statePtr)).gapNs
  if (starts) {
    if (state.framesProduced === state.stageFrames) return false
    gridSeek(grid, nodeNs)
    state.hasPrevious = 1
    state.segmentPending = 1
  }
  while (grid.instantNs <= nodeNs) {
    if (state.framesProduced === state.stageFrames) return false
    const instantNs = grid.instantNs
    const target = openOutput(statePtr)
    if (instantNs === nodeNs) {
      memory.copy(target, nodePtr + NODE_VALUES_OFFSET, channels << 3)
      break
    }
    const fraction = ((instantNs - previousNs) as f64) / ((nodeNs - previousNs) as f64)
    for (let channel: usize = 0; channel < channels << 3; channel += 8) {
      const before = load<f64>(previousPtr + channel, NODE_VALUES_OFFSET)
      const after = load<f64>(nodePtr + channel, NODE_VALUES_OFFSET)
      store<f64>(target + channel, interpolate(before, after, fraction))
    }
  }
  memory.copy(previousPtr, nodePtr, nodeBytes(state.channels))
  return true
}

/** Goes on until the input is used up or the output stage is full; returns the frames produced. */
function run(statePtr: usize): i32 {
  const state = resamplerAt(statePtr)
  const order = frameOrderAt(orderPtr(statePtr))
  state.framesProduced = 0
  state.segmentCount = 0
  while (true) {
    if (order.gapNs !== 0) {
      while (order.queueHead < order.queueTail) {
        const nodePtr = order.queuePtr + (order.queueHead as usize) * (order.nodeBytes as usize)
        if (!advance(statePtr, nodePtr)) return state.framesProduced
        order.queueHead++
      }
      order.queueHead = 0
      order.queueTail = 0
    }
    if (state.framesConsumed === state.inputFrames) break
    const index = state.framesConsumed++ as usize
    const valuesPtr = state.inputValuesPtr + index * (state.channels as usize) * 8
    takeFrame(order, load<i64>(state.inputTimestampsPtr + (index << 3)), valuesPtr)
  }
  if (state.finishing !== 0) restart(statePtr)
  return state.framesProduced
}

/** Takes `frames` from the input stage. A full output stage means there may be more: pull. */
export function resamplerPush(statePtr: usize, frames: i32): i32 {
  const state = resamplerAt(statePtr)
  state.inputFrames = frames
  state.framesConsumed = 0
  return run(statePtr)
}

export function resamplerPull(statePtr: usize): i32 {
  return run(statePtr)
}

/** Ends the data: what is held comes out (pull while the stage is full), then the state is as before the first frame. */
export function resamplerFlush(statePtr: usize): i32 {
  finishFrames(frameOrderAt(orderPtr(statePtr)))
  resamplerAt(statePtr).finishing = 1
  return run(statePtr)
}
