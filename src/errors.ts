/** Every code a {@link KymographError} can carry. Branch on these, never on message text. */
export type ErrorCode =
  // bytes that cannot be trusted
  | 'not-kymo'
  | 'version'
  | 'required-feature'
  | 'too-large'
  | 'truncated'
  | 'crc-mismatch'
  | 'malformed'
  | 'ill-formed-text'
  // sessions
  | 'wrong-state'
  | 'ended'
  | 'clock-mixed'
  | 'aborted'
  | 'backlog-full'
  | 'permission-denied'
  // lookup and stores
  | 'not-found'
  | 'bad-cursor'
  | 'store-unusable'
  | 'storage-error'
  | 'session-locked'
  | 'quota'
  | 'delivery-failed'
  // worker
  | 'worker-lost'
  | 'worker-timeout'
  | 'no-shared-memory'
  | 'disposed'
  | 'internal'
  // imports
  | 'import-unreadable'
  | 'import-empty'
  | 'import-ragged'
  | 'import-value'
  | 'import-time'
  // exports
  | 'export-unfit'
  | 'peer-missing'
  // tools
  | 'wasm-unavailable'
  | 'wasm-trap'
  | 'wasm-oom'

/**
 * A run-time failure with a stable `code`.
 *
 * `offset` is the byte position of the damage in the bytes that were given, where there is one.
 */
export class KymographError extends Error {
  override readonly name = 'KymographError'
  readonly code: ErrorCode
  readonly offset: number | undefined

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; offset?: number } = {}) {
    super(message, Object.hasOwn(options, 'cause') ? { cause: options.cause } : undefined)
    this.code = code
    // a page may have polluted Object.prototype
    this.offset = Object.hasOwn(options, 'offset') ? options.offset : undefined
  }
}
