import { LABEL_MAX_LENGTH, LABELS_MAX_COUNT } from '../../limits.js'
import type { Warning } from '../protocol.js'
import { describe, normalizeText } from './text.js'

/**
 * Labels in the form they are kept: trimmed, NFC, duplicates folded, order kept.
 *
 * @throws TypeError | RangeError naming the label and the limit.
 */
export function normalizeLabels(labels: unknown, field = 'labels'): string[] {
  if (labels === undefined) return []
  if (!Array.isArray(labels)) throw new TypeError(`"${field}" expected an array of strings, got ${describe(labels)}`)
  const normalized = new Set<string>()
  labels.forEach((label: unknown, index) => {
    const name = `${field}[${index}]`
    const text = normalizeText(name, typeof label === 'string' ? label.trim() : label, LABEL_MAX_LENGTH)
    normalized.add(text)
  })
  if (normalized.size > LABELS_MAX_COUNT) {
    throw new RangeError(`"${field}" expected at most ${LABELS_MAX_COUNT} labels, got ${normalized.size}`)
  }
  return [...normalized]
}

const HIGH_CARDINALITY: [what: string, pattern: RegExp][] = [
  ['a date', /^\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$/],
  ['an e-mail address', /^[^@\s]+@[^@\s]+\.[^@\s]+$/],
  ['a UUID', /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i],
  ['a long number', /^[+-]?\d{7,}$/],
]

/** Warnings for labels that look like they come from an unbounded set. */
export function labelWarnings(labels: readonly string[]): Warning[] {
  return labels.flatMap((label): Warning[] => {
    const kind = highCardinalityKind(label)
    if (kind === undefined) return []
    const message = `label ${JSON.stringify(label)} looks like ${kind}; labels are for categories, put it into metadata`
    return [{ code: 'label-high-cardinality', message }]
  })
}

/** What an unbounded set of values a label looks like it comes from, if any. */
export function highCardinalityKind(label: string): string | undefined {
  return HIGH_CARDINALITY.find(([, pattern]) => pattern.test(label))?.[0]
}
