export { columnDecode, columnDecodeBytes } from './column-decode'
export { columnCapacity, columnEncode, columnEncodeBytes } from './column-encode'
export { crc32c, crc32cInit } from './crc32c'
export { columnDamagedGroup } from './groups'
export { abiVersion, heapBase } from './module'
export {
  polyphaseBytes,
  polyphaseCoefficientsPtr,
  polyphaseEdgeFrames,
  polyphaseFlush,
  polyphaseInit,
  polyphaseOutputs,
  polyphasePull,
  polyphasePush,
} from './polyphase'
export { resamplerFlush, resamplerPull, resamplerPush } from './resampler'
export {
  resamplerInit,
  resamplerInputTimestampsPtr,
  resamplerInputValuesPtr,
  resamplerLateFrames,
  resamplerMergedFrames,
  resamplerNominalNs,
  resamplerOutputSegmentsPtr,
  resamplerOutputTimestampsPtr,
  resamplerOutputValuesPtr,
  resamplerRepeatedFrames,
  resamplerSegmentCount,
  resamplerSetFilter,
  resamplerSetKind,
  resamplerSortedFrames,
  resamplerStateBytes,
} from './resampler-state'
export { ringDroppedFrames, ringInit, ringLengthFrames, ringRead, ringStateBytes, ringWrite } from './ring'
export { columnInit } from './scaled-integers'
