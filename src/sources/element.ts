/** The element an event is about, in open shadow trees too. */
export function targetOf(event: Event): Element | undefined {
  const [first] = event.composedPath()
  if (first instanceof Element) return first
  return event.target instanceof Element ? event.target : undefined
}

/** Kinds of fields, by what they are for; nothing of what is in them. */
export const FIELD_KINDS = [
  'text',
  'search',
  'email',
  'tel',
  'url',
  'number',
  'date',
  'textarea',
  'editable',
  'select',
  'checkbox',
  'radio',
  'file',
  'range',
  'button',
  'link',
  'form',
  'other',
]
const DATES = ['date', 'datetime-local', 'month', 'time', 'week']
const BUTTONS = ['button', 'submit', 'reset', 'image']

/** Index into FIELD_KINDS. */
export function fieldKindOf(element: Element | null | undefined): number {
  const index = FIELD_KINDS.indexOf(nameOfKind(element))
  return index < 0 ? FIELD_KINDS.length - 1 : index
}

function nameOfKind(element: Element | null | undefined): string {
  if (!element) return 'other'
  const { localName } = element
  if (localName === 'input') {
    const { type } = element as HTMLInputElement
    if (DATES.includes(type)) return 'date'
    return BUTTONS.includes(type) ? 'button' : type
  }
  if (localName === 'a') return 'link'
  return (element as HTMLElement).isContentEditable ? 'editable' : localName
}
