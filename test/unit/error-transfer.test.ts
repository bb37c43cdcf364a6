import { describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import { deserializeError, serializeError } from '../../src/worker/error-transfer.js'

const across = (error: unknown) => deserializeError(structuredClone(serializeError(error)))

describe('an error on its way between threads', () => {
  it('keeps class, code, offset, message and cause', () => {
    const cause = new RangeError('too far')
    const error = across(new KymographError('malformed', 'the chunk is damaged', { cause, offset: 12 }))
    expect(error).toBeInstanceOf(KymographError)
    expect(error).toMatchObject({ code: 'malformed', offset: 12, message: 'the chunk is damaged' })
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(error.cause).toMatchObject({ message: 'too far' })
  })

  it('arrives when its causes go round in circles', () => {
    const error = new Error('first')
    error.cause = new Error('second', { cause: error })
    expect(across(error)).toMatchObject({ message: 'first', cause: { message: 'second', cause: { message: 'first' } } })
  })
})
