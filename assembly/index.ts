export { columnDecode, columnEncode, columnScratchBytes } from './column'
export { crc32c, crc32cInit } from './crc32c'
export { abiVersion, heapBase } from './module'
export {
  resamplerFlush,
  resamplerInit,
  resamplerInputTimestampsPtr,
  resamplerInputValuesPtr,
  resamplerLateFrames,
  resamplerOutputSegmentsPtr,
  resamplerOutputTimestampsPtr,
  resamplerOutputValuesPtr,
  resamplerPull,
  resamplerPush,
  resamplerRepeatedFrames,
  resamplerSegmentCount,
  resamplerStateBytes,
} from './resample-linear'
export { ringDroppedFrames, ringInit, ringLengthFrames, ringRead, ringStateBytes, ringWrite } from './ring'
