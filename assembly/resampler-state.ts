// A resampler's memory: state, nodes and the stages its frames pass through.

import { frameOrderAt, frameOrderBytes, frameOrderInit, frameOrderRestart, nodeBytes } from './frame-order'
import { gridAt, gridBytes, gridInit } from './grid'

//  state ──► ┌───────────────────────────────────────────────┐
//            │ ResamplerState                                │
//            │ Grid                                          │
//            │ FrameOrder and its nodes                      │
//            │ previous node                                 │
//            │ input stage: timestamps, values               │ stageFrames each
//            │ output stage: timestamps, values, segments    │ stageFrames each
//            └───────────────────────────────────────────────┘
@unmanaged
class ResamplerState {
  channels: i32
  stageFrames: i32
  inputFrames: i32
  framesConsumed: i32
  framesProduced: i32
  segmentCount: i32
  hasPrevious: i32
  /** 1 until the first frame of a new segment is out. */
  segmentPending: i32
  finishing: i32
  padding: i32
  /** As given to init: 0 measures. */
  configuredGapNs: i64
  previousPtr: usize
  inputTimestampsPtr: usize
  inputValuesPtr: usize
  outputTimestampsPtr: usize
  outputValuesPtr: usize
  outputSegmentsPtr: usize
}

export function resamplerAt(statePtr: usize): ResamplerState {
  return changetype<ResamplerState>(statePtr)
}

export function gridPtr(statePtr: usize): usize {
  return statePtr + offsetof<ResamplerState>()
}

export function orderPtr(statePtr: usize): usize {
  return gridPtr(statePtr) + gridBytes()
}

function previousOffset(channels: i32): usize {
  return (offsetof<ResamplerState>() + gridBytes() + frameOrderBytes(channels) + 7) & ~7
}

export function resamplerStateBytes(channels: i32, stageFrames: i32): usize {
  const frameBytes = ((channels as usize) + 1) << 3
  return previousOffset(channels) + (nodeBytes(channels) as usize) + (stageFrames as usize) * (frameBytes * 2 + 4)
}

/** The period is periodNumerator / periodDenominator ns in lowest terms; gapNs 0 measures the nominal period. */
export function resamplerInit(
  statePtr: usize,
  channels: i32,
  stageFrames: i32,
  periodNumerator: i64,
  periodDenominator: i64,
  gapNs: i64,
  gapLimitNs: i64,
): void {
  const state = resamplerAt(statePtr)
  state.channels = channels
  state.stageFrames = stageFrames
  state.configuredGapNs = gapNs
  state.previousPtr = statePtr + previousOffset(channels)
  const stageBytes = (stageFrames as usize) << 3
  state.inputTimestampsPtr = state.previousPtr + (nodeBytes(channels) as usize)
  state.inputValuesPtr = state.inputTimestampsPtr + stageBytes
  state.outputTimestampsPtr = state.inputValuesPtr + stageBytes * (channels as usize)
  state.outputValuesPtr = state.outputTimestampsPtr + stageBytes
  state.outputSegmentsPtr = state.outputValuesPtr + stageBytes * (channels as usize)
  gridInit(gridAt(gridPtr(statePtr)), periodNumerator, periodDenominator)
  frameOrderInit(frameOrderAt(orderPtr(statePtr)), channels, gapNs, gapLimitNs)
  restart(statePtr)
}

/** Back to the state before the first frame; the counts stay. */
export function restart(statePtr: usize): void {
  const state = resamplerAt(statePtr)
  state.inputFrames = 0
  state.framesConsumed = 0
  state.hasPrevious = 0
  state.segmentPending = 0
  state.finishing = 0
  frameOrderRestart(frameOrderAt(orderPtr(statePtr)), state.configuredGapNs)
}

export function resamplerSegmentCount(statePtr: usize): i32 {
  return resamplerAt(statePtr).segmentCount
}

export function resamplerRepeatedFrames(statePtr: usize): f64 {
  return frameOrderAt(orderPtr(statePtr)).repeatedFrames as f64
}

export function resamplerLateFrames(statePtr: usize): f64 {
  return frameOrderAt(orderPtr(statePtr)).lateFrames as f64
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
