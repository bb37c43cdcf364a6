import type { Source } from '../session/index.js'
import { FIELD_KINDS, fieldKindOf, targetOf } from './element.js'
import { endAll, listen } from './listen.js'
import { createRedactor, watchRedaction } from './redaction.js'
import { isSensitive } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/** Types of fields in which something is chosen. */
const CHOSEN = /^(checkbox|radio|select-.*|file|range|color)$/
const CHANGES = ['insert', 'delete', 'paste', 'drop', 'autofill', 'replace', 'composition', 'undo', 'format', 'other']

/**
 * How texts in fields change: a stream `textInput` with the kind of change, how many UTF-16 code units came and went,
 * how long the text is then, and the kind of field. Never text. While a sensitive field has the focus, and of sensitive
 * fields, nothing is recorded; one frame is counted `redacted`.
 *
 * Source: W3C Input Events Level 2.
 *
 * @example
 * const session = await recorder.createSession({ sources: [textInput()] })
 */
export function textInput(options?: SourceOptions): Source {
  return eventSource('textInput', options, {
    channels: [
      { name: 'change', type: 'enum', values: CHANGES },
      { name: 'inserted', type: 'i32', unit: '1' },
      { name: 'deleted', type: 'i32', unit: '1' },
      { name: 'length', type: 'i32', unit: '1' },
      { name: 'field', type: 'enum', values: FIELD_KINDS },
    ],
    read: (stream, session) => {
      const lengths = new WeakMap<Element, number>()
      let isFocusSensitive = false
      // pages copy what is typed into fields of another kind, and tell these
      const isLeftOut = createRedactor(stream, (element) => isFocusSensitive || isSensitive(element))
      const note = (event: Event) => {
        const target = targetOf(event)
        if (target && !isSensitive(target)) lengths.set(target, lengthOf(target) ?? 0)
      }
      const hear = (event: InputEvent) => {
        const target = targetOf(event)
        if (!target || isLeftOut(event, target)) return
        const length = lengthOf(target)
        const before = lengths.get(target)
        if (length !== undefined) lengths.set(target, length)
        const data = typeof event.data === 'string' ? event.data.length : undefined
        const change = changeOf(event, target)
        // what came is told by the event, else by how much longer the text has become
        const grown = length === undefined || before === undefined ? undefined : length - before
        const inserted = change === 'delete' ? 0 : (data ?? (grown === undefined ? undefined : Math.max(0, grown)))
        const deleted = inserted === undefined || grown === undefined ? undefined : Math.max(0, inserted - grown)
        stream.push(event.timeStamp, CHANGES.indexOf(change), inserted, deleted, length, fieldKindOf(target))
      }
      return endAll([
        watchRedaction(session, (isSensitiveNow) => {
          isFocusSensitive = isSensitiveNow
        }),
        listen(window, 'focusin', note),
        // the application may have changed it since
        listen(window, 'beforeinput', note),
        listen(window, 'input', hear),
      ])
    },
  })
}

/**
 * How long a field's text is; undefined for what has none, and for texts that would have to be laid out. The value of
 * what is chosen is no text of the user's, and its length would tell the choice.
 */
function lengthOf(element: Element): number | undefined {
  const { value, type } = element as Partial<HTMLInputElement>
  return typeof value === 'string' && !CHOSEN.test(type ?? '') ? value.length : undefined
}

function changeOf({ inputType }: InputEvent, target: Element): string {
  if (isAutofilled(target) && !inputType?.startsWith('delete')) return 'autofill'
  switch (inputType) {
    case undefined:
    case '':
      return 'replace'
    case 'insertFromPaste':
    case 'insertFromPasteAsQuotation':
    case 'insertFromYank':
      return 'paste'
    case 'insertFromDrop':
      return 'drop'
    case 'insertReplacementText':
      return 'replace'
    case 'insertCompositionText':
    case 'insertFromComposition':
    case 'deleteCompositionText':
      return 'composition'
    case 'historyUndo':
    case 'historyRedo':
      return 'undo'
  }
  if (inputType.startsWith('insert')) return 'insert'
  if (inputType.startsWith('delete')) return 'delete'
  return inputType.startsWith('format') ? 'format' : 'other'
}

function isAutofilled(element: Element): boolean {
  try {
    return element.matches(':autofill')
  } catch {
    return false
  }
}
