import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveJourneyId } from '../../src/worker/checks/journey.js'
import { highCardinalityKind, normalizeLabels } from '../../src/worker/checks/labels.js'
import { normalizeMetadata } from '../../src/worker/checks/metadata.js'
import { isWellFormed } from '../../src/worker/checks/text.js'

describe('labels', () => {
  it('are trimmed, composed and folded', () => {
    expect(normalizeLabels([' login ', 'login', 'e\u0301te\u0301', '\u00e9t\u00e9'])).toEqual(['login', 'été'])
  })

  it('keep __proto__ and constructor as ordinary text (F53)', () => {
    expect(normalizeLabels(['__proto__', 'constructor', '<script>', '\u202eRTL'])).toEqual([
      '__proto__',
      'constructor',
      '<script>',
      '\u202eRTL',
    ])
  })

  it.each([
    ['a label of 65 characters', ['a'.repeat(65)], /labels\[0\].*1–64.*65/],
    ['an empty label', ['ok', '  '], /labels\[1\].*1–64.*got 0/],
    ['a control character', ['a\u0007b'], /labels\[0\].*U\+0007 at 1/],
    ['NUL (F53)', ['a\0b'], /U\+0000/],
    ['a lone surrogate (F53)', ['a\ud800'], /lone surrogate/],
    ['a megabyte (F53)', ['x'.repeat(1_000_000)], /got 1000000/],
    ['33 labels', Array.from({ length: 33 }, (_, i) => `l${i}`), /at most 32 labels, got 33/],
  ])('refuse %s', (_, labels, message) => {
    expect(() => normalizeLabels(labels)).toThrow(RangeError)
    expect(() => normalizeLabels(labels)).toThrow(message)
  })

  it('refuse what is no array of strings', () => {
    expect(() => normalizeLabels('login')).toThrow(TypeError)
    expect(() => normalizeLabels([1])).toThrow(/labels\[0\].*string/)
  })

  it.each([
    ['2026-11-22', 'a date'],
    ['jane@example.org', 'an e-mail address'],
    ['0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60', 'a UUID'],
    ['4711001234', 'a long number'],
    ['login', undefined],
    ['step-2', undefined],
    ['v1.2.3', undefined],
  ])('know what %s looks like', (label, kind) => {
    expect(highCardinalityKind(label)).toBe(kind)
  })

  it('normalise to a fixed point for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 70 }), { maxLength: 40 }), (labels) => {
        let once: string[]
        try {
          once = normalizeLabels(labels)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        expect(normalizeLabels(once)).toEqual(once)
      }),
      { seed: 53, numRuns: 500 },
    )
  })
})

describe('journeyId', () => {
  it('is taken by either of its names', () => {
    expect(resolveJourneyId({ journeyId: 'a' })).toBe('a')
    expect(resolveJourneyId({ clientSessionGroupId: 'a' })).toBe('a')
    expect(resolveJourneyId({ journeyId: 'a', clientSessionGroupId: 'a' })).toBe('a')
    expect(resolveJourneyId({})).toBeUndefined()
  })

  it.each([
    [{ journeyId: '' }, /journeyId.*1–64.*got 0/],
    [{ journeyId: 'j'.repeat(65) }, /journeyId.*1–64.*got 65/],
    [{ journeyId: 'a', clientSessionGroupId: 'b' }, /"a".*"b".*differ/],
    [{ clientSessionGroupId: '' }, /clientSessionGroupId/],
  ])('refuses %j', (fields, message) => {
    expect(() => resolveJourneyId(fields)).toThrow(message)
  })
})

describe('metadata', () => {
  it('keeps keys of any name in a Map (F53)', () => {
    const given = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>
    expect([...normalizeMetadata(given)]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  it('refuses what is no text, and too much of it', () => {
    expect(() => normalizeMetadata({ build: 412 })).toThrow(/metadata\.build.*string/)
    expect(() => normalizeMetadata({ note: 'x'.repeat(501) })).toThrow(/metadata\.note.*501/)
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v']))
    expect(() => normalizeMetadata(many)).toThrow(/at most 32 entries, got 33/)
  })
})

describe('well-formedness', () => {
  it('agrees with what UTF-8 can carry', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'binary', maxLength: 6 })
          .chain((text) => fc.constantFrom(text, `${text}\ud800`, `\udc00${text}`)),
        (text) => {
          expect(isWellFormed(text)).toBe(new TextDecoder().decode(new TextEncoder().encode(text)) === text)
        },
      ),
      { seed: 1, numRuns: 500 },
    )
  })
})
