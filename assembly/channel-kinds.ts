// Angles and quaternions on their way through a resampler: in front of it angles go on past a full turn and quaternions
// stay on one hemisphere; behind it angles are wrapped again and quaternions have length 1.

import { KIND_DEGREES, KIND_QUATERNION, KIND_VALUE } from './layout'

//  Per channel: ┌──────────┬──────────────────┬──────────────────┬──────────────────┬──────────┐
//               │ kind i64 │ last number f64  │ has last i64     │ whole turns f64  │ signed   │
//               └──────────┴──────────────────┴──────────────────┴──────────────────┴──────────┘
//  Whole turns: added to the angle. Signed: 1 once an angle was below 0; it is wrapped to both sides of 0 then.
const KIND_BYTES: usize = 40
const LAST: usize = 8
const HAS_LAST: usize = 16
const TURNS: usize = 24
const SIGNED: usize = 32
const TWO_PI: f64 = 6.283185307179586
/** What is beyond tells no angle any more: 2^48. */
const ANGLE_LIMIT: f64 = 281474976710656

export function kindsBytes(channels: i32): usize {
  return (channels as usize) * KIND_BYTES
}

export function setKind(kindsPtr: usize, channel: i32, kind: i32): void {
  store<i64>(kindsPtr + (channel as usize) * KIND_BYTES, kind)
}

/** A segment begins. */
export function kindsRestart(kindsPtr: usize, channels: i32): void {
  const end = kindsPtr + kindsBytes(channels)
  for (let ptr = kindsPtr; ptr < end; ptr += KIND_BYTES) {
    store<i64>(ptr, 0, HAS_LAST)
    store<f64>(ptr, 0, TURNS)
  }
}

function isNumber(value: f64): bool {
  return value - value === 0
}

/** The data begins anew: nothing is known of the angles' convention. */
export function kindsForget(kindsPtr: usize, channels: i32): void {
  const end = kindsPtr + kindsBytes(channels)
  for (let ptr = kindsPtr; ptr < end; ptr += KIND_BYTES) store<i64>(ptr, 0, SIGNED)
}

function unwrapAngle(kindPtr: usize, valuePtr: usize): void {
  const value = load<f64>(valuePtr)
  if (!(abs(value) < ANGLE_LIMIT)) {
    store<f64>(valuePtr, NaN)
    return
  }
  const turn = load<i64>(kindPtr) === KIND_DEGREES ? (360 as f64) : TWO_PI
  if (value < 0) store<i64>(kindPtr, 1, SIGNED)
  let turns = load<f64>(kindPtr, TURNS)
  let unwrapped = value + turn * turns
  if (load<i64>(kindPtr, HAS_LAST) !== 0) {
    const more = floor((unwrapped - load<f64>(kindPtr, LAST)) / turn + 0.5)
    if (more !== 0) {
      turns -= more
      store<f64>(kindPtr, turns, TURNS)
      unwrapped = value + turn * turns
    }
  }
  store<i64>(kindPtr, 1, HAS_LAST)
  store<f64>(kindPtr, unwrapped, LAST)
  store<f64>(valuePtr, unwrapped)
}

/** A quaternion and its negative are the same rotation: the one nearer to the last is taken. */
function turnToLast(kindPtr: usize, valuePtr: usize): void {
  let a = load<f64>(valuePtr)
  let b = load<f64>(valuePtr, 8)
  let c = load<f64>(valuePtr, 16)
  let d = load<f64>(valuePtr, 24)
  const square = a * a + b * b + (c * c + d * d)
  if (!(square > 0 && square < Infinity)) {
    store<f64>(valuePtr, NaN)
    store<f64>(valuePtr, NaN, 8)
    store<f64>(valuePtr, NaN, 16)
    store<f64>(valuePtr, NaN, 24)
    return
  }
  if (load<i64>(kindPtr, HAS_LAST) !== 0) {
    const along =
      a * load<f64>(kindPtr, LAST) +
      b * load<f64>(kindPtr, KIND_BYTES + LAST) +
      (c * load<f64>(kindPtr, 2 * KIND_BYTES + LAST) + d * load<f64>(kindPtr, 3 * KIND_BYTES + LAST))
    if (along < 0) {
      a = -a
      b = -b
      c = -c
      d = -d
      store<f64>(valuePtr, a)
      store<f64>(valuePtr, b, 8)
      store<f64>(valuePtr, c, 16)
      store<f64>(valuePtr, d, 24)
    }
  }
  store<i64>(kindPtr, 1, HAS_LAST)
  store<f64>(kindPtr, a, LAST)
  store<f64>(kindPtr, b, KIND_BYTES + LAST)
  store<f64>(kindPtr, c, 2 * KIND_BYTES + LAST)
  store<f64>(kindPtr, d, 3 * KIND_BYTES + LAST)
}

function wrapAngle(kindPtr: usize, valuePtr: usize): void {
  const value = load<f64>(valuePtr)
  if (!isNumber(value)) return
  const turn = load<i64>(kindPtr) === KIND_DEGREES ? (360 as f64) : TWO_PI
  const low = load<i64>(kindPtr, SIGNED) !== 0 ? turn / -2 : (0 as f64)
  const wrapped = value - turn * floor((value - low) / turn)
  store<f64>(valuePtr, wrapped - low >= turn ? low : wrapped)
}

function normalize(valuePtr: usize): void {
  const a = load<f64>(valuePtr)
  const b = load<f64>(valuePtr, 8)
  const c = load<f64>(valuePtr, 16)
  const d = load<f64>(valuePtr, 24)
  const length = sqrt(a * a + b * b + (c * c + d * d))
  const isUsable = length > 0 && length < Infinity
  store<f64>(valuePtr, isUsable ? a / length : NaN)
  store<f64>(valuePtr, isUsable ? b / length : NaN, 8)
  store<f64>(valuePtr, isUsable ? c / length : NaN, 16)
  store<f64>(valuePtr, isUsable ? d / length : NaN, 24)
}

/** Changes a frame's values to what can be interpolated. */
export function unwrapFrame(kindsPtr: usize, channels: i32, valuesPtr: usize): void {
  let valuePtr = valuesPtr
  const end = kindsPtr + kindsBytes(channels)
  for (let kindPtr = kindsPtr; kindPtr < end; kindPtr += KIND_BYTES, valuePtr += 8) {
    const kind = load<i64>(kindPtr)
    if (kind === KIND_VALUE) continue
    if (kind === KIND_QUATERNION) {
      turnToLast(kindPtr, valuePtr)
      kindPtr += 3 * KIND_BYTES
      valuePtr += 24
    } else unwrapAngle(kindPtr, valuePtr)
  }
}

/** Changes the values of frames back. */
export function wrapFrames(kindsPtr: usize, channels: i32, valuesPtr: usize, frames: i32): void {
  let valuePtr = valuesPtr
  const end = kindsPtr + kindsBytes(channels)
  for (; frames > 0; frames--) {
    for (let kindPtr = kindsPtr; kindPtr < end; kindPtr += KIND_BYTES, valuePtr += 8) {
      const kind = load<i64>(kindPtr)
      if (kind === KIND_VALUE) continue
      if (kind === KIND_QUATERNION) {
        normalize(valuePtr)
        kindPtr += 3 * KIND_BYTES
        valuePtr += 24
      } else wrapAngle(kindPtr, valuePtr)
    }
  }
}
