export { decodeColumn } from './column-decode.js'
export { encodeColumn } from './column-encode.js'
