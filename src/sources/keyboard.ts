import type { Source } from '../session/index.js'
import { targetOf } from './element.js'
import { endAll, listen } from './listen.js'
import { redactOnce, watchRedaction } from './redaction.js'
import { isSensitive } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

const DOWN = 0
const UP = 1
const CLASSES = [
  'letter',
  'digit',
  'symbol',
  'space',
  'enter',
  'backspace',
  'delete',
  'tab',
  'escape',
  'modifier',
  'navigation',
  'function',
  'composition',
  'other',
]
const NAMED: Record<string, string> = {
  ' ': 'space',
  Enter: 'enter',
  Backspace: 'backspace',
  Delete: 'delete',
  Tab: 'tab',
  Escape: 'escape',
  Dead: 'composition',
  Process: 'composition',
  Unidentified: 'composition',
}
const MODIFIER = /^(Shift|Control|Alt|AltGraph|Meta|CapsLock|NumLock|ScrollLock|Fn|FnLock|OS|Hyper|Super|Symbol)$/
const NAVIGATION = /^(Arrow.*|Home|End|PageUp|PageDown)$/

/**
 * When keys go down and up, and of which *class* they are: a stream `keyboard`. Never which key. While a sensitive field
 * has the focus nothing is recorded, not even how many; one frame is counted `redacted`.
 *
 * Source: W3C UI Events, KeyboardEvent.
 *
 * @example
 * const session = await recorder.createSession({ sources: [keyboard()] })
 */
export function keyboard(options?: SourceOptions): Source {
  return eventSource('keyboard', options, {
    channels: [
      { name: 'phase', type: 'enum', values: ['down', 'up'] },
      { name: 'class', type: 'enum', values: CLASSES },
      { name: 'isRepeat', type: 'enum', values: ['false', 'true'] },
    ],
    read: (stream, session) => {
      let isFocusSensitive = false
      let isRedacted = false
      /** Keys of a secret: they come up elsewhere where the page moves the focus on. */
      const downInSecret = new Set<string>()
      const press = (phase: number) => (event: KeyboardEvent) => {
        const { code } = event
        const target = targetOf(event)
        const isDown = phase === DOWN
        const isSecret = isFocusSensitive || (target && isSensitive(target)) || (!isDown && downInSecret.has(code))
        if (isSecret && isDown) downInSecret.add(code)
        else downInSecret.delete(code)
        if (isSecret) {
          if (!isRedacted) redactOnce(stream, event.timeStamp)
          isRedacted = true
          return
        }
        isRedacted = false
        // browsers send events without a key when they fill in forms
        if (typeof event.key !== 'string') return
        stream.push(event.timeStamp, phase, CLASSES.indexOf(classOf(event.key)), event.repeat ? 1 : 0)
      }
      return endAll([
        watchRedaction(session, (isSensitiveNow) => {
          isFocusSensitive = isSensitiveNow
        }),
        listen(window, 'keydown', press(DOWN)),
        listen(window, 'keyup', press(UP)),
      ])
    },
  })
}

function classOf(key: string): string {
  const named = Object.hasOwn(NAMED, key) ? NAMED[key] : undefined
  if (named !== undefined) return named
  if (MODIFIER.test(key)) return 'modifier'
  if (NAVIGATION.test(key)) return 'navigation'
  if (/^F\d+$/.test(key)) return 'function'
  if ([...key].length > 1) return 'other'
  if (/\p{L}/u.test(key)) return 'letter'
  return /\p{N}/u.test(key) ? 'digit' : 'symbol'
}
