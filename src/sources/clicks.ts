import type { Source } from '../session/index.js'
import { FIELD_KINDS, fieldKindOf, targetOf } from './element.js'
import { listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { isBlocked } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

const CLICKABLE = 'button, a, input, select, textarea, summary, label, [role=button], [contenteditable]'

/**
 * Clicks on form elements and links: a stream `clicks` with the kind of element, the place and how many in a row. By
 * keyboard it is a click too, in row 0.
 *
 * @example
 * const session = await recorder.createSession({ sources: [clicks()] })
 */
export function clicks(options?: SourceOptions): Source {
  return eventSource('clicks', options, {
    channels: [
      { name: 'field', type: 'enum', values: FIELD_KINDS },
      { name: 'x', unit: '{px}' },
      { name: 'y', unit: '{px}' },
      { name: 'button', type: 'i32' },
      { name: 'row', type: 'i32' },
    ],
    read: (stream) => {
      const isLeftOut = createRedactor(stream, (element) => isBlocked(element) || hasBlockedLabel(element))
      return listen<MouseEvent>(window, 'click', (event) => {
        // out of shadow trees, and of what is put into their slots
        const element = event.composedPath().find(isClickable)
        if (!element || isLeftOut(event, targetOf(event))) return
        const { timeStamp, clientX, clientY, button, detail } = event
        stream.push(timeStamp, fieldKindOf(element), clientX, clientY, button, detail)
      })
    },
  })
}

/** A click on a label comes a second time, for what it labels and with the place in the label. */
function hasBlockedLabel(element: Element): boolean {
  return [...((element as HTMLInputElement).labels ?? [])].some(isBlocked)
}

function isClickable(target: EventTarget): target is Element {
  return target instanceof Element && target.matches(CLICKABLE)
}
