import { afterEach, describe, expect, it } from 'vitest'
import type { Source } from '../../src/session/index.js'
import * as all from '../../src/sources/index.js'

const { requestPermissions: _, ...sources } = all
const KINDS = Object.entries(sources) as [string, (options?: unknown) => Source][]

const polluted = Object.prototype as { name?: string; rateHz?: number }

describe('the options of a source', () => {
  afterEach(() => {
    delete polluted.name
    delete polluted.rateHz
  })

  it.each(KINDS)('%s: a misspelt one is refused with those it knows', (kind, create) => {
    expect(() => create({ rateHz: 10, optionel: true, ratehz: 10 })).toThrow(
      new RegExp(`^${kind}\\(\\) has no option "(rateHz|optionel)"; it knows name, optional`),
    )
    expect(() => create({ ratehz: 10 })).toThrow(TypeError)
  })

  it.each(KINDS)('%s: what holds no options is refused', (kind, create) => {
    for (const [given, described] of [
      [null, 'null'],
      [25, '25'],
      ['back', '"back"'],
    ]) {
      expect(() => create(given)).toThrow(new TypeError(`"options of ${kind}()" expected an object, got ${described}`))
    }
  })

  it.each(KINDS)('%s: those of a polluted prototype are none', (kind, create) => {
    polluted.name = 'polluted'
    polluted.rateHz = 1
    expect(create().name).toBe(kind)
    expect(create({}).name).toBe(kind)
    expect(create({ name: 'own', optional: undefined }).name).toBe('own')
  })
})
