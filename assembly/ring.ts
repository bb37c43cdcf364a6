// First-in first-out buffer of frames. Values are 64-bit patterns here: loads and stores never see them as floats.

import { RING_DROP_OLDEST } from './layout'

//  state ──► ┌──────────────────────────────┐ 0
//            │ RingState                    │ 32 bytes
//            ├──────────────────────────────┤ 32
//            │ timestamps i64 × capacity    │
//            ├──────────────────────────────┤ 32 + 8 × capacity
//            │ values 64 bit × channels × … │ interleaved, slot by slot as the timestamps
//            └──────────────────────────────┘
@unmanaged
class RingState {
  capacityFrames: i32
  channels: i32
  overflow: i32
  /** Slot of the oldest frame. */
  headFrame: i32
  lengthFrames: i32
  padding: i32
  droppedFrames: i64
}

export function ringStateBytes(capacityFrames: i32, channels: i32): usize {
  return offsetof<RingState>() + (capacityFrames as usize) * ((channels as usize) + 1) * 8
}

export function ringInit(statePtr: usize, capacityFrames: i32, channels: i32, overflow: i32): void {
  const state = changetype<RingState>(statePtr)
  state.capacityFrames = capacityFrames
  state.channels = channels
  state.overflow = overflow
  state.headFrame = 0
  state.lengthFrames = 0
  state.padding = 0
  state.droppedFrames = 0
}

export function ringLengthFrames(statePtr: usize): i32 {
  return changetype<RingState>(statePtr).lengthFrames
}

/** As f64: exact up to 2^53 frames, and no 64-bit integer at the border. */
export function ringDroppedFrames(statePtr: usize): f64 {
  return changetype<RingState>(statePtr).droppedFrames as f64
}

function timestampPtr(statePtr: usize, slot: i32): usize {
  return statePtr + offsetof<RingState>() + ((slot as usize) << 3)
}

function valuesPtr(statePtr: usize, slot: i32): usize {
  const state = changetype<RingState>(statePtr)
  return timestampPtr(statePtr, state.capacityFrames) + (slot as usize) * (state.channels as usize) * 8
}

/** Returns the frames taken: what fits with drop-newest, all of them with drop-oldest. */
export function ringWrite(statePtr: usize, timestamps: usize, values: usize, frames: i32): i32 {
  const state = changetype<RingState>(statePtr)
  const capacityFrames = state.capacityFrames
  const excess = max(0, frames - (capacityFrames - state.lengthFrames))
  state.droppedFrames += excess as i64
  let firstFrame = 0
  let endFrame = frames
  if (state.overflow === RING_DROP_OLDEST) {
    const evicted = min(excess, state.lengthFrames)
    state.headFrame = (state.headFrame + evicted) % capacityFrames
    state.lengthFrames -= evicted
    firstFrame = excess - evicted
  } else {
    endFrame = frames - excess
  }
  const frameBytes = (state.channels as usize) << 3
  while (firstFrame < endFrame) {
    // u32: head + length may pass 2^31
    const slot = (((state.headFrame as u32) + (state.lengthFrames as u32)) % (capacityFrames as u32)) as i32
    const run = min(endFrame - firstFrame, capacityFrames - slot)
    memory.copy(timestampPtr(statePtr, slot), timestamps + ((firstFrame as usize) << 3), (run as usize) << 3)
    memory.copy(valuesPtr(statePtr, slot), values + (firstFrame as usize) * frameBytes, (run as usize) * frameBytes)
    state.lengthFrames += run
    firstFrame += run
  }
  return state.overflow === RING_DROP_OLDEST ? frames : endFrame
}

/** Moves up to `maxFrames` of the oldest frames out and returns how many. */
export function ringRead(statePtr: usize, maxFrames: i32, timestamps: usize, values: usize): i32 {
  const state = changetype<RingState>(statePtr)
  const frames = min(maxFrames, state.lengthFrames)
  const frameBytes = (state.channels as usize) << 3
  let done = 0
  while (done < frames) {
    const slot = state.headFrame
    const run = min(frames - done, state.capacityFrames - slot)
    memory.copy(timestamps + ((done as usize) << 3), timestampPtr(statePtr, slot), (run as usize) << 3)
    memory.copy(values + (done as usize) * frameBytes, valuesPtr(statePtr, slot), (run as usize) * frameBytes)
    state.headFrame = (slot + run) % state.capacityFrames
    state.lengthFrames -= run
    done += run
  }
  return frames
}
