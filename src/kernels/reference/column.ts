export { decodeColumn } from './column-decode'
export { encodeColumn } from './column-encode'
