export { columnDecode, columnDecodeBytes } from './column-decode'
export { columnCapacity, columnEncode, columnEncodeBytes } from './column-encode'
export { crc32c, crc32cInit } from './crc32c'
export { columnDamagedGroup } from './groups'
export { abiVersion, heapBase } from './module'
export { resamplerFlush, resamplerPull, resamplerPush } from './resample-linear'
export {
  resamplerInit,
  resamplerInputTimestampsPtr,
  resamplerInputValuesPtr,
  resamplerLateFrames,
  resamplerOutputSegmentsPtr,
  resamplerOutputTimestampsPtr,
  resamplerOutputValuesPtr,
  resamplerRepeatedFrames,
  resamplerSegmentCount,
  resamplerStateBytes,
} from './resampler-state'
export { ringDroppedFrames, ringInit, ringLengthFrames, ringRead, ringStateBytes, ringWrite } from './ring'
export { columnInit } from './scaled-integers'
