import type { Source } from '../session/index.js'
import { targetOf } from './element.js'
import { endAll, listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { hasSensitiveFocus, isBlocked } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/**
 * Forms that are sent, emptied, or found wanting: a stream `formSubmit` with the outcome and how many elements the form
 * has. Pages look with each key whether something is wanting: while a sensitive field has the focus, that is left out.
 *
 * @example
 * const session = await recorder.createSession({ sources: [formSubmit()] })
 */
export function formSubmit(options?: SourceOptions): Source {
  const outcomes = ['submit', 'reset', 'invalid']
  return eventSource('formSubmit', options, {
    channels: [
      { name: 'outcome', type: 'enum', values: outcomes },
      { name: 'elements', type: 'i32', unit: '1' },
    ],
    read: (stream) => {
      return endAll(
        outcomes.map((type, outcome) => {
          const isLeftOut = createRedactor(
            stream,
            (element) => isBlocked(element) || (type === 'invalid' && hasSensitiveFocus()),
          )
          return listen(window, type, (event) => {
            const element = targetOf(event)
            if (isLeftOut(event, element)) return
            const form = element instanceof HTMLFormElement ? element : (element as HTMLInputElement | undefined)?.form
            const isForm = form instanceof HTMLFormElement
            // a field may have that name
            const elements = isForm ? Reflect.get(HTMLFormElement.prototype, 'elements', form).length : undefined
            stream.push(event.timeStamp, outcome, elements)
          })
        }),
      )
    },
  })
}
