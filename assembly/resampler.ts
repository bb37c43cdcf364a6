// Irregular frames onto the absolute grid: frames in their order become nodes of a segment, values between the nodes go
// to the output or, by way of a finer inner grid, through a low-pass filter. Every step waits for data only, never for
// the end of a call, so that cutting the input differently changes nothing.

import { kindsRestart, unwrapFrame, wrapFrames } from './channel-kinds'
import { FRAME_VALUES_OFFSET, finishFrames, frameOrderAt, nextFrame, takeFrame } from './frame-order'
import { gridAt, gridSeek, gridStep } from './grid'
import { cubic, lagrangeAt, lagrangePrepare, lagrangeValues, linear } from './interpolation'
import {
  LAGRANGE_NODES,
  METHOD_CUBIC,
  METHOD_HOLD,
  METHOD_SINC,
  RESAMPLER_NODES,
  STATUS_FILTER_MISSING,
} from './layout'
import { dropNodes, nodesAt, nodeTime, nodeValues, spanNs } from './nodes'
import {
  polyphaseAppend,
  polyphaseAt,
  polyphaseCompact,
  polyphaseDifferences,
  polyphaseEnd,
  polyphaseIsReady,
  polyphaseRestart,
  polyphaseRoom,
  polyphaseTake,
} from './polyphase'
import { gridPtr, ResamplerState, resamplerAt, restart } from './resampler-state'

/** Nodes an interval needs behind its left one. */
function lookaheadOf(method: i32): i32 {
  if (method === METHOD_SINC) return LAGRANGE_NODES / 2
  return method === METHOD_CUBIC ? 2 : 1
}

/** The output's next `frames` frames are at `index`: notes a new segment, and wraps what has a kind. */
function finishOutput(state: ResamplerState, index: i32, frames: i32): void {
  if (state.segmentPending !== 0) {
    store<u32>(state.outputSegmentsPtr + ((state.segmentCount as usize) << 2), index)
    state.segmentCount++
    state.segmentPending = 0
  }
  if (state.hasKinds !== 0) {
    const valuesPtr = state.outputValuesPtr + (((index * state.channels) as usize) << 3)
    wrapFrames(state.kindsPtr, state.channels, valuesPtr, frames)
  }
  state.framesProduced = index + frames
}

function openSegment(statePtr: usize, startNs: i64): void {
  const state = resamplerAt(statePtr)
  const grid = gridAt(gridPtr(statePtr))
  state.isOpen = 1
  state.segmentPending = 1
  state.interval = 0
  state.isPrepared = 0
  state.hasFilterEnded = 0
  nodesAt(state.nodesPtr).count = 0
  if (state.hasKinds !== 0) kindsRestart(state.kindsPtr, state.channels)
  gridSeek(grid, startNs)
  if (state.filterPtr === 0) return
  gridSeek(gridAt(state.innerBasePtr), startNs)
  let before = 0
  if (state.divisor === 1) {
    before = min(state.multiple - 1, floor(((grid.instantNs - startNs) as f64) / state.innerStepNs) as i32)
  }
  state.innerIndex = 0 - before
  polyphaseRestart(state.filterPtr, before)
}

/** Makes a node of a frame, or merges it into the newest one. */
function accept(state: ResamplerState, framePtr: usize): void {
  const nodes = nodesAt(state.nodesPtr)
  const timestampNs = load<i64>(framePtr)
  const channelsEnd = (state.channels as usize) << 3
  if (nodes.count === RESAMPLER_NODES) {
    const first = state.interval - (LAGRANGE_NODES / 2 - 1)
    dropNodes(nodes, first)
    state.interval -= first
  }
  const node = nodes.count
  const valuesPtr = nodeValues(nodes, node)
  let fromPtr = framePtr + FRAME_VALUES_OFFSET
  if (state.filterPtr === 0 || state.hasKinds !== 0) {
    for (let channel: usize = 0; channel < channelsEnd; channel += 16) {
      v128.store(valuesPtr + channel, v128.load(fromPtr + channel))
    }
    fromPtr = valuesPtr
  }
  state.lastNs = timestampNs
  if (state.hasKinds !== 0) unwrapFrame(state.kindsPtr, state.channels, valuesPtr)
  if (state.filterPtr !== 0) {
    polyphaseDifferences(polyphaseAt(state.filterPtr), fromPtr, valuesPtr)
    if (node > 0 && ((timestampNs - nodeTime(nodes, node - 1)) as f64) < state.mergeNs) {
      const newestPtr = nodes.timesPtr + ((node as usize) << 3) - 8
      const meanPtr = nodeValues(nodes, node - 1)
      const frames = ++state.clusterFrames
      const newestNs = load<i64>(newestPtr)
      store<i64>(newestPtr, newestNs + (timestampNs - newestNs) / (frames as i64))
      for (let channel: usize = 0; channel < channelsEnd; channel += 8) {
        const mean = load<f64>(meanPtr + channel)
        store<f64>(meanPtr + channel, mean + (load<f64>(valuesPtr + channel) - mean) / (frames as f64))
      }
      state.mergedFrames++
      return
    }
  }
  state.clusterFrames = 1
  store<i64>(nodes.timesPtr + ((node as usize) << 3), timestampNs)
  nodes.count = node + 1
}

/** Gives the output's instants up to `endNs`, in the present interval; false when the output stage is full. */
function interpolate(statePtr: usize, endNs: i64): bool {
  const state = resamplerAt(statePtr)
  const grid = gridAt(gridPtr(statePtr))
  const nodes = nodesAt(state.nodesPtr)
  const method = state.method
  const left = state.interval
  const leftNs = nodeTime(nodes, left)
  const leftPtr = nodeValues(nodes, left)
  const hasAfter = left + 1 < nodes.count
  const afterNs = hasAfter ? nodeTime(nodes, left + 1) : leftNs
  const afterPtr = hasAfter ? nodeValues(nodes, left + 1) : leftPtr
  const bytes = (state.channels as usize) << 3
  for (; grid.instantNs <= endNs; gridStep(grid)) {
    const index = state.framesProduced
    if (index === state.stageFrames) return false
    const instantNs = grid.instantNs
    const target = state.outputValuesPtr + (index as usize) * bytes
    store<i64>(state.outputTimestampsPtr + ((index as usize) << 3), instantNs)
    const offsetNs = (instantNs - leftNs) as f64
    if (instantNs === afterNs) memory.copy(target, afterPtr, bytes)
    else if (method === METHOD_HOLD || offsetNs === 0) memory.copy(target, leftPtr, bytes)
    else {
      const fraction = offsetNs / ((afterNs - leftNs) as f64)
      for (let channel: usize = 0; channel < bytes; channel += 8) {
        const value =
          method === METHOD_CUBIC
            ? cubic(nodes, left, offsetNs, channel)
            : linear(load<f64>(leftPtr + channel), load<f64>(afterPtr + channel), fraction)
        store<f64>(target + channel, value)
      }
    }
    finishOutput(state, index, 1)
  }
  return true
}

function stepInner(state: ResamplerState): void {
  const base = gridAt(state.innerBasePtr)
  if (state.divisor > 1) {
    for (let step = 0; step < state.divisor; step++) gridStep(base)
  } else if (++state.innerIndex === state.multiple) {
    state.innerIndex = 0
    gridStep(base)
  }
}

/** Channels that a node without a number has spoilt are linear where both ends of the interval have one. */
function mendSample(state: ResamplerState, offsetNs: f64): void {
  const nodes = nodesAt(state.nodesPtr)
  const left = state.interval
  const fraction = offsetNs / spanNs(nodes, left, left + 1)
  for (let channel: usize = 0; channel < (state.channels as usize) << 3; channel += 8) {
    if (abs(load<f64>(state.samplePtr + channel)) < Infinity) continue
    const before = load<f64>(nodeValues(nodes, left) + channel)
    const after = load<f64>(nodeValues(nodes, left + 1) + channel)
    store<f64>(state.samplePtr + channel, linear(before, after, fraction))
  }
}

/** Gives the filter the inner grid's points up to `endNs`, in the present interval; false when it must be pulled first. */
function fillInner(state: ResamplerState, endNs: i64): bool {
  const nodes = nodesAt(state.nodesPtr)
  const base = gridAt(state.innerBasePtr)
  const filter = polyphaseAt(state.filterPtr)
  const lagrange = lagrangeAt(state.lagrangePtr)
  const left = state.interval
  const leftNs = nodeTime(nodes, left)
  const leftPtr = nodeValues(nodes, left)
  const isAlone = nodes.count === 1
  const samplePtr = state.samplePtr
  const bytes = (state.channels as usize) << 3
  if (state.isPrepared === 0) {
    lagrangePrepare(lagrange, nodes, left)
    state.isPrepared = 1
  }
  const isHoled = lagrange.longestNs > state.holeNs
  while (((base.instantNs - endNs) as f64) + (state.innerIndex as f64) * state.innerStepNs <= 0) {
    if (polyphaseRoom(filter) === 0) {
      if (polyphaseIsReady(filter)) return false
      polyphaseCompact(filter)
    }
    const offsetNs = ((base.instantNs - leftNs) as f64) + (state.innerIndex as f64) * state.innerStepNs
    if (isAlone) memory.copy(samplePtr, leftPtr, bytes)
    else {
      const status = isHoled ? -1 : lagrangeValues(lagrange, nodes, offsetNs, samplePtr)
      if (status < 0) {
        for (let channel: usize = 0; channel < bytes; channel += 8) {
          store<f64>(samplePtr + channel, cubic(nodes, left, offsetNs, channel))
        }
      } else if (status === 0) mendSample(state, offsetNs)
    }
    polyphaseAppend(filter, samplePtr)
    stepInner(state)
  }
  return true
}

/** Takes from the filter what is certain; false when the output stage is full. */
function pullFilter(statePtr: usize): bool {
  const state = resamplerAt(statePtr)
  const filter = polyphaseAt(state.filterPtr)
  const grid = gridAt(gridPtr(statePtr))
  const hasEnded = state.hasFilterEnded !== 0
  while (polyphaseIsReady(filter)) {
    if (hasEnded && grid.instantNs > state.lastNs) return true
    const index = state.framesProduced
    const room = state.stageFrames - index
    if (room === 0) return false
    const target = state.outputValuesPtr + (((index * state.channels) as usize) << 3)
    const frames = polyphaseTake(filter, target, hasEnded ? 1 : room)
    let timestampPtr = state.outputTimestampsPtr + ((index as usize) << 3)
    for (let frame = 0; frame < frames; frame++, timestampPtr += 8) {
      store<i64>(timestampPtr, grid.instantNs)
      gridStep(grid)
    }
    finishOutput(state, index, frames)
  }
  return true
}

/** Goes through all intervals whose nodes are there; false when the output stage is full. */
function advance(statePtr: usize): bool {
  const state = resamplerAt(statePtr)
  const nodes = nodesAt(state.nodesPtr)
  const isFiltered = state.filterPtr !== 0
  const isEnding = state.isEnding !== 0
  const last = isEnding ? max(0, nodes.count - 2) : nodes.count - 1 - lookaheadOf(state.method)
  while (state.interval <= last) {
    const endNs = isEnding && state.interval === last ? state.lastNs : nodeTime(nodes, state.interval + 1)
    if (isFiltered) {
      while (!fillInner(state, endNs)) if (!pullFilter(statePtr)) return false
    } else if (!interpolate(statePtr, endNs)) return false
    state.interval++
    state.isPrepared = 0
  }
  if (!isFiltered) return true
  if (isEnding && state.hasFilterEnded === 0) {
    if (!pullFilter(statePtr)) return false
    polyphaseEnd(polyphaseAt(state.filterPtr))
    state.hasFilterEnded = 1
  }
  return pullFilter(statePtr)
}

/** Takes the frames that have left the order; false when the output stage is full. */
function takeQueue(statePtr: usize): bool {
  const state = resamplerAt(statePtr)
  const order = frameOrderAt(state.orderPtr)
  for (let framePtr = nextFrame(order); framePtr !== 0; framePtr = nextFrame(order)) {
    const timestampNs = load<i64>(framePtr)
    if (state.isOpen !== 0 && (load<i64>(framePtr, 8) !== 0 || timestampNs - state.lastNs > order.gapNs)) {
      state.isEnding = 1
      if (!goOn(statePtr)) return false
    }
    if (state.isOpen === 0) openSegment(statePtr, timestampNs)
    accept(state, framePtr)
    order.head++
    if (!advance(statePtr)) return false
  }
  return true
}

/** Goes on with the open segment, and closes it at its end; false when the output stage is full. */
function goOn(statePtr: usize): bool {
  const state = resamplerAt(statePtr)
  if (state.isOpen === 0) return true
  if (!advance(statePtr)) return false
  if (state.isEnding !== 0) {
    state.isEnding = 0
    state.isOpen = 0
  }
  return true
}

/** Goes on until the input is used up or the output stage is full; returns the frames produced. */
function run(statePtr: usize): i32 {
  const state = resamplerAt(statePtr)
  const order = frameOrderAt(state.orderPtr)
  const isSinc = state.method === METHOD_SINC
  state.framesProduced = 0
  state.segmentCount = 0
  if (!goOn(statePtr)) return state.framesProduced
  while (true) {
    if (order.gapNs !== 0 && (!isSinc || order.nominalNs !== 0)) {
      if (isSinc && state.filterPtr === 0) return STATUS_FILTER_MISSING
      if (!takeQueue(statePtr)) return state.framesProduced
    }
    if (state.framesConsumed === state.inputFrames) break
    const index = state.framesConsumed++ as usize
    const valuesPtr = state.inputValuesPtr + (index << 3) * (state.channels as usize)
    takeFrame(order, load<i64>(state.inputTimestampsPtr + (index << 3)), valuesPtr)
  }
  if (state.finishing !== 0) {
    if (state.isOpen !== 0) state.isEnding = 1
    if (!goOn(statePtr)) return state.framesProduced
    restart(statePtr)
  }
  return state.framesProduced
}

/** Takes `frames` from the input stage. A full output stage means there may be more: pull. */
export function resamplerPush(statePtr: usize, frames: i32): i32 {
  const state = resamplerAt(statePtr)
  state.inputFrames = frames
  state.framesConsumed = 0
  return run(statePtr)
}

/** Goes on after a full output stage, or after a missing filter was given. */
export function resamplerPull(statePtr: usize): i32 {
  return run(statePtr)
}

/** Ends the data: what is held comes out (pull while the stage is full), then the state is as before the first frame. */
export function resamplerFlush(statePtr: usize): i32 {
  const state = resamplerAt(statePtr)
  finishFrames(frameOrderAt(state.orderPtr))
  state.inputFrames = 0
  state.framesConsumed = 0
  state.finishing = 1
  return run(statePtr)
}
