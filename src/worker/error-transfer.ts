import * as Comlink from 'comlink'
import { type ErrorCode, KymographError } from '../errors.js'

/** An error in a form that survives structured cloning with class, `code` and `cause`. Has every field: none is inherited. */
export interface SerializedError {
  type: string
  message: string
  stack: string | undefined
  code: string | undefined
  offset: number | undefined
  cause: SerializedError | undefined
}

const BUILT_IN = { TypeError, RangeError, SyntaxError, ReferenceError } as const

/** Causes of causes that are kept; they may go round in circles. */
const CAUSES_MAX = 8

export function serializeError(value: unknown, causesLeft = CAUSES_MAX): SerializedError {
  if (!(value instanceof Error)) {
    return {
      type: 'Error',
      message: String(value),
      stack: undefined,
      code: undefined,
      offset: undefined,
      cause: undefined,
    }
  }
  const own = (field: string): unknown =>
    Object.hasOwn(value, field) ? (value as unknown as Record<string, unknown>)[field] : undefined
  const [code, offset, cause] = [own('code'), own('offset'), own('cause')]
  return {
    type: value.name,
    message: value.message,
    stack: value.stack,
    code: typeof code === 'string' ? code : undefined,
    offset: typeof offset === 'number' ? offset : undefined,
    cause: cause === undefined || causesLeft === 0 ? undefined : serializeError(cause, causesLeft - 1),
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
