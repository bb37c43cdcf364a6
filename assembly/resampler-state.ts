// A resampler's memory: state, frames waiting, nodes, and the stages its frames pass through.

import { kindsBytes, kindsForget, setKind } from './channel-kinds'
import { frameOrderAt, frameOrderBytes, frameOrderInit, frameOrderRestart } from './frame-order'
import { gridAt, gridBytes, gridInit } from './grid'
import { lagrangeBytes } from './interpolation'
import { nodesAt, nodesBytes, nodesInit } from './nodes'

//  state ──► ┌───────────────────────────────────────────────┐
//            │ ResamplerState                                │
//            │ Grid of the output, and base of the inner one │
//            │ Lagrange                                      │
//            │ FrameOrder and its frames                     │
//            │ Nodes                                         │
//            │ kinds of the channels                         │
//            │ input stage: timestamps, values               │ stageFrames each
//            │ output stage: timestamps, values, segments    │ stageFrames each
//            │ one sample of every channel                   │
//            └───────────────────────────────────────────────┘
//  The filter, a Polyphase, lies where the host puts it.
@unmanaged
export class ResamplerState {
  channels: i32
  method: i32
  /** 1 when a channel is more than a plain value. */
  hasKinds: i32
  stageFrames: i32
  inputFrames: i32
  framesConsumed: i32
  framesProduced: i32
  segmentCount: i32
  /** 1 from a segment's first frame on, until its last output is out. */
  isOpen: i32
  /** 1 once the segment's last frame is known. */
  isEnding: i32
  /** 1 once the filter has been told. */
  hasFilterEnded: i32
  /** 1 until the first frame of a new segment is out. */
  segmentPending: i32
  finishing: i32
  /** Left node of the interval that is next. */
  interval: i32
  /** The interval's Lagrange scales are there. */
  isPrepared: i32
  /** Frames in the newest node. */
  clusterFrames: i32
  /** Points of the inner grid per output, or outputs per point. */
  multiple: i32
  divisor: i32
  /** Points behind the inner grid's base. */
  innerIndex: i32
  padding: i32
  innerStepNs: f64
  mergeNs: f64
  holeNs: f64
  mergedFrames: i64
  /** Timestamp of the segment's newest frame. */
  lastNs: i64
  /** 0 while there is no filter. */
  filterPtr: usize
  innerBasePtr: usize
  lagrangePtr: usize
  orderPtr: usize
  nodesPtr: usize
  kindsPtr: usize
  inputTimestampsPtr: usize
  inputValuesPtr: usize
  outputTimestampsPtr: usize
  outputValuesPtr: usize
  outputSegmentsPtr: usize
  samplePtr: usize
}

export function resamplerAt(statePtr: usize): ResamplerState {
  return changetype<ResamplerState>(statePtr)
}

export function gridPtr(statePtr: usize): usize {
  return statePtr + align16(offsetof<ResamplerState>())
}

function align16(bytes: usize): usize {
  return (bytes + 15) & ~15
}

export function resamplerStateBytes(channels: i32, stageFrames: i32): usize {
  const stageBytes = align16((stageFrames as usize) << 3)
  return (
    align16(offsetof<ResamplerState>()) +
    2 * align16(gridBytes()) +
    align16(lagrangeBytes()) +
    align16(frameOrderBytes(channels)) +
    align16(nodesBytes(channels)) +
    align16(kindsBytes(channels)) +
    2 * stageBytes * ((channels as usize) + 1) +
    align16((stageFrames as usize) << 2) +
    align16((channels as usize) << 3)
  )
}

/** The period is periodNumerator / periodDenominator ns in lowest terms; 0 ns for nominal period or gap measures them. */
export function resamplerInit(
  statePtr: usize,
  channels: i32,
  method: i32,
  stageFrames: i32,
  periodNumerator: i64,
  periodDenominator: i64,
  nominalNs: i64,
  gapNs: i64,
  gapLimitNs: i64,
): void {
  const state = resamplerAt(statePtr)
  state.channels = channels
  state.method = method
  state.hasKinds = 0
  state.stageFrames = stageFrames
  state.mergedFrames = 0
  state.filterPtr = 0
  state.innerBasePtr = gridPtr(statePtr) + align16(gridBytes())
  state.lagrangePtr = state.innerBasePtr + align16(gridBytes())
  state.orderPtr = state.lagrangePtr + align16(lagrangeBytes())
  state.nodesPtr = state.orderPtr + align16(frameOrderBytes(channels))
  state.kindsPtr = state.nodesPtr + align16(nodesBytes(channels))
  state.inputTimestampsPtr = state.kindsPtr + align16(kindsBytes(channels))
  const stageBytes = align16((stageFrames as usize) << 3)
  state.inputValuesPtr = state.inputTimestampsPtr + stageBytes
  state.outputTimestampsPtr = state.inputValuesPtr + stageBytes * (channels as usize)
  state.outputValuesPtr = state.outputTimestampsPtr + stageBytes
  state.outputSegmentsPtr = state.outputValuesPtr + stageBytes * (channels as usize)
  state.samplePtr = state.outputSegmentsPtr + align16((stageFrames as usize) << 2)
  memory.fill(state.kindsPtr, 0, kindsBytes(channels))
  gridInit(gridAt(gridPtr(statePtr)), periodNumerator, periodDenominator)
  gridInit(gridAt(state.innerBasePtr), periodNumerator, periodDenominator)
  frameOrderInit(frameOrderAt(state.orderPtr), channels, nominalNs, gapNs, gapLimitNs)
  nodesInit(nodesAt(state.nodesPtr), channels)
  restart(statePtr)
}

export function resamplerSetKind(statePtr: usize, channel: i32, kind: i32): void {
  const state = resamplerAt(statePtr)
  setKind(state.kindsPtr, channel, kind)
  state.hasKinds = 1
}

/** Gives it the filter that fits its nominal period, laid out at `filterPtr`. */
export function resamplerSetFilter(
  statePtr: usize,
  filterPtr: usize,
  multiple: i32,
  divisor: i32,
  innerStepNs: f64,
  mergeNs: f64,
  holeNs: f64,
): void {
  const state = resamplerAt(statePtr)
  state.filterPtr = filterPtr
  state.multiple = multiple
  state.divisor = divisor
  state.innerStepNs = innerStepNs
  state.mergeNs = mergeNs
  state.holeNs = holeNs
}

/** Back to the state before the first frame; the counts stay. The filter must be given again. */
export function restart(statePtr: usize): void {
  const state = resamplerAt(statePtr)
  state.inputFrames = 0
  state.framesConsumed = 0
  state.isOpen = 0
  state.isEnding = 0
  state.segmentPending = 0
  state.finishing = 0
  state.filterPtr = 0
  kindsForget(state.kindsPtr, state.channels)
  nodesAt(state.nodesPtr).count = 0
  frameOrderRestart(frameOrderAt(state.orderPtr))
}

export function resamplerSegmentCount(statePtr: usize): i32 {
  return resamplerAt(statePtr).segmentCount
}

/** The input's nominal period last known; 0 until there was one. */
export function resamplerNominalNs(statePtr: usize): i64 {
  return frameOrderAt(resamplerAt(statePtr).orderPtr).knownNominalNs
}

export function resamplerRepeatedFrames(statePtr: usize): f64 {
  return frameOrderAt(resamplerAt(statePtr).orderPtr).repeatedFrames as f64
}

export function resamplerSortedFrames(statePtr: usize): f64 {
  return frameOrderAt(resamplerAt(statePtr).orderPtr).sortedFrames as f64
}

export function resamplerLateFrames(statePtr: usize): f64 {
  return frameOrderAt(resamplerAt(statePtr).orderPtr).lateFrames as f64
}

export function resamplerMergedFrames(statePtr: usize): f64 {
  return resamplerAt(statePtr).mergedFrames as f64
}

export function resamplerInputTimestampsPtr(statePtr: usize): usize {
  return resamplerAt(statePtr).inputTimestampsPtr
}

export function resamplerInputValuesPtr(statePtr: usize): usize {
  return resamplerAt(statePtr).inputValuesPtr
}

export function resamplerOutputTimestampsPtr(statePtr: usize): usize {
  return resamplerAt(statePtr).outputTimestampsPtr
}

export function resamplerOutputValuesPtr(statePtr: usize): usize {
  return resamplerAt(statePtr).outputValuesPtr
}

export function resamplerOutputSegmentsPtr(statePtr: usize): usize {
  return resamplerAt(statePtr).outputSegmentsPtr
}
