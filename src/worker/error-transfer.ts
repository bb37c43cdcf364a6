import * as Comlink from 'comlink'
import { type ErrorCode, KymographError } from '../errors.js'

/** An error in a form that survives structured cloning with class, `code` and `cause`. */
export interface SerializedError {
  type: string
  message: string
  stack?: string
  code?: string
  offset?: number
  cause?: SerializedError
}

const BUILT_IN = { TypeError, RangeError, SyntaxError, ReferenceError } as const

export function serializeError(value: unknown): SerializedError {
  if (!(value instanceof Error)) return { type: 'Error', message: String(value) }
  const { code, offset } = value as { code?: unknown; offset?: unknown }
  return {
    type: value.name,
    message: value.message,
    stack: value.stack,
    code: typeof code === 'string' ? code : undefined,
    offset: typeof offset === 'number' ? offset : undefined,
    cause: value.cause === undefined ? undefined : serializeError(value.cause),
  }
}

export function deserializeError(serialized: SerializedError): Error {
  const cause = serialized.cause && deserializeError(serialized.cause)
  const error = create(serialized, cause)
  if (serialized.stack !== undefined) error.stack = serialized.stack
  return error
}

function create(serialized: SerializedError, cause: Error | undefined): Error {
  const { type, message, code, offset } = serialized
  const options = { ...(cause ? { cause } : {}), ...(offset === undefined ? {} : { offset }) }
  if (type === 'KymographError') return new KymographError(code as ErrorCode, message, options)
  const BuiltIn = Object.hasOwn(BUILT_IN, type) ? BUILT_IN[type as keyof typeof BUILT_IN] : Error
  const error = new BuiltIn(message, cause ? { cause } : undefined)
  return code === undefined ? error : Object.assign(error, { code })
}

interface ThrownValue {
  value: unknown
}

/**
 * Makes errors thrown through Comlink arrive whole. Installed on both sides: by itself Comlink drops the class,
 * `code` and `cause`.
 */
export function installErrorTransfer(): void {
  const handler = Comlink.transferHandlers.get('throw') as Comlink.TransferHandler<ThrownValue, unknown>
  Comlink.transferHandlers.set('throw', {
    canHandle: handler.canHandle,
    serialize: ({ value }: ThrownValue) => [serializeError(value), []],
    deserialize: (serialized: SerializedError) => {
      throw deserializeError(serialized)
    },
  } as Comlink.TransferHandler<ThrownValue, SerializedError>)
}
