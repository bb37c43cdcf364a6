import { targetOf } from './element.js'
import { endAll, listen } from './listen.js'

/** Puts an element, and all in it, out of every source's sight. */
export const BLOCK_ATTRIBUTE = 'data-kymograph-block'

const SECRET_TOKENS = /^(cc-.*|one-time-code|current-password|new-password)$/
const FRAMES = ['iframe', 'frame', 'object', 'embed']
/** A field's name, its words joined by hyphens, that says what is typed there. */
const SECRET_NAME =
  /passw|passcode|passphrase|(^|[^a-z])(pin|pwd|pw|t?otp(code)?|tan|cvv2?|cvc2?|ccv|csc|iban|ssn|one-?time(code)?|cc-?(num(ber)?|no|exp[a-z]*)|account-?(num|no)|card-?(num|no|cv[cv]|exp[a-z]*)|credit-?card|(card|security|verification|auth|sms)-?code)([^a-z]|$)|(card|account)-?number/i

/** Fields whose text was hidden once: "show password" turns them into plain ones. */
const secrets = new WeakSet<Element>()

/** Whether what is typed into an element is nobody's business. Elements of frames are of other realms: no `instanceof`. */
export function isSensitive(element: Element): boolean {
  if (isBlocked(element) || isCaretBlocked(element)) return true
  // what another origin shows, and what lies in a closed shadow tree, cannot be looked into
  if (isFrame(element)) return !documentIn(element)
  if (isClosedHost(element)) return true
  if (isField(element) && (element as HTMLInputElement).type === 'password') secrets.add(element)
  if (secrets.has(element)) return true
  const tokens = (element.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/)
  if (tokens.some((token) => SECRET_TOKENS.test(token))) return true
  if (isField(element) && ['name', 'id'].some((name) => SECRET_NAME.test(wordsOf(element.getAttribute(name)))))
    return true
  const style = getComputedStyle(element) as CSSStyleDeclaration & { webkitTextSecurity?: string }
  if ((style.webkitTextSecurity ?? 'none') === 'none') return false
  secrets.add(element)
  return true
}

/** Whether an element lies in a blocked part of the page: out of shadow trees, and of frames of this origin. */
export function isBlocked(element: Element | null): boolean {
  for (let at: Node | null = element; at; at = outOf(at)) {
    if (isElement(at) && Element.prototype.hasAttribute.call(at, BLOCK_ATTRIBUTE)) return true
  }
  return false
}

/** Whether what is typed goes into a blocked part of a text that is open for editing as a whole. */
function isCaretBlocked(element: Element): boolean {
  if (!(element as HTMLElement).isContentEditable) return false
  const caret = element.ownerDocument.getSelection()?.focusNode
  return caret != null && element.contains(caret) && isBlocked(isElement(caret) ? caret : caret.parentElement)
}

/** Whether a sensitive field has the focus: typing scrolls what it is in, and makes forms say what they lack. */
export function hasSensitiveFocus(): boolean {
  const element = focusedElement()
  return element !== undefined && isSensitive(element)
}

/** What a node is shown in: a slot, a parent, the host of its shadow tree, a frame of this origin. */
function outOf(node: Node): Node | null {
  if (isElement(node)) return ownOf(Element, 'assignedSlot', node) ?? ownOf(Node, 'parentNode', node)
  const isDocument = ownOf(Node, 'nodeType', node) === Node.DOCUMENT_NODE
  return (isDocument ? ownOf(Document, 'defaultView', node)?.frameElement : (node as Partial<ShadowRoot>).host) ?? null
}

function isElement(node: Node): node is Element {
  return ownOf(Node, 'nodeType', node) === Node.ELEMENT_NODE
}

/** What the platform says: names given in the page hide the properties of its forms, and of the document. */
function ownOf<T extends Node, K extends keyof T>({ prototype }: { prototype: T }, key: K, node: Node): T[K] {
  return Reflect.get(prototype, key, node)
}

/** `userPin` and `user_pin` as `user-Pin` and `user-pin`. */
function wordsOf(name: string | null): string {
  return (name ?? '').replace(/([a-z\d])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])|[^a-zA-Z\d]+/g, '$1$2-')
}

function isField({ localName }: Element): boolean {
  return localName === 'input' || localName === 'textarea' || localName === 'select'
}

function isFrame({ localName }: Element): boolean {
  return FRAMES.includes(localName)
}

/** What has the focus and cannot have it, nor shows what is in it, has a tree that cannot be seen: there may be a field. */
function isClosedHost(element: Element): boolean {
  const root = element.getRootNode() as Document | ShadowRoot
  if (root.activeElement !== element || element.shadowRoot || element.hasAttribute('tabindex')) return false
  const { body, documentElement } = element.ownerDocument
  const { tabIndex, isContentEditable } = element as HTMLElement
  return element !== body && element !== documentElement && tabIndex < 0 && !isContentEditable && !isField(element)
}

function documentIn(frame: Element): Document | null {
  try {
    return (frame as HTMLIFrameElement).contentDocument
  } catch {
    return null
  }
}

/** The element that has the focus, in whichever shadow tree or frame of this origin; `frames` gets those it is in. */
export function focusedElement(root: Document | ShadowRoot = document, frames: Element[] = []): Element | undefined {
  const element = root.activeElement
  if (!element) return undefined
  const inside = element.shadowRoot ?? (isFrame(element) ? documentIn(element) : null)
  if (inside && !element.shadowRoot) frames.push(element)
  return (inside && focusedElement(inside, frames)) ?? element
}

const watchers = new Set<(isSensitive: boolean) => void>()
let isFocusSensitive = false
/** What was pressed last, if nothing has got the focus since: keys of a pad need not take it. */
let pressed: Element | undefined
let stopWatching: (() => void) | undefined
/** The documents of the frames the focus is in: the page hears nothing of what it does there. */
let framed: Document[] = []
let stopFramed = () => {}
/** What has the focus, and what can make it a secret, or take it away without an event. */
let watched: Element | undefined
let changes: MutationObserver | undefined
const CHANGES = ['type', 'autocomplete', 'name', 'id', 'style', 'class', BLOCK_ATTRIBUTE]

/** Calls back now and whenever the focus comes to a sensitive field or leaves it. Returns what ends it. */
export function watchSensitiveFocus(onChange: (isSensitive: boolean) => void): () => void {
  stopWatching ??= endAll([
    listen(window, 'focusin', () => {
      pressed = undefined
      lookAtFocus()
    }),
    listen(window, 'pointerdown', (event) => {
      const target = targetOf(event)
      // where there is a caret, it tells
      pressed = (target as HTMLElement | undefined)?.isContentEditable ? undefined : target
      lookAtFocus()
    }),
    // where the focus goes is known only after it has gone; until then it counts as where it was
    listen(window, 'focusout', () => setTimeout(lookAtFocus, 0)),
    // into a frame
    listen(window, 'blur', () => setTimeout(lookAtFocus, 0)),
    listen(window, 'focus', lookAtFocus),
    listen(document, 'selectionchange', lookAtCaret),
    // a key may come before the caret's move is told
    listen(window, 'keydown', lookAtCaret),
  ])
  lookAtFocus()
  watchers.add(onChange)
  onChange(isFocusSensitive)
  return () => {
    watchers.delete(onChange)
    if (watchers.size > 0) return
    stopWatching?.()
    stopWatching = undefined
    stopFramed()
    framed = []
    pressed = undefined
    changes?.disconnect()
    watched = undefined
  }
}

function lookAtCaret(): void {
  if ((watched as HTMLElement | undefined)?.isContentEditable) lookAtFocus()
}

function lookAtFocus(): void {
  // the last watcher may have gone while this was waiting
  if (!stopWatching) return
  const frames: Element[] = []
  const element = focusedElement(document, frames)
  watchFrames(frames)
  watchChanges(element)
  for (const one of [document, ...framed]) {
    // before they are shown as text
    for (const password of one.querySelectorAll('input[type=password]')) secrets.add(password)
  }
  const isPadPressed = frames.length === 0 && pressed?.isConnected === true && isBlocked(pressed)
  const isNow = isPadPressed || (element !== undefined && isSensitive(element))
  if (isNow === isFocusSensitive) return
  isFocusSensitive = isNow
  for (const watcher of watchers) watcher(isNow)
}

function watchChanges(element: Element | undefined): void {
  if (element === watched) return
  watched = element
  changes ??= new MutationObserver(lookAtFocus)
  changes.disconnect()
  for (let at: Node | null = element ?? null; at; at = outOf(at)) {
    changes.observe(at, { childList: true, attributeFilter: at === element ? CHANGES : [BLOCK_ATTRIBUTE] })
  }
}

function watchFrames(frames: readonly Element[]): void {
  const documents = frames.map((frame) => documentIn(frame)!)
  if (documents.length === framed.length && documents.every((one, index) => one === framed[index])) return
  stopFramed()
  framed = documents
  stopFramed = endAll([
    ...documents.flatMap((one) => [
      listen(one, 'focusin', lookAtFocus),
      listen(one, 'focusout', () => setTimeout(lookAtFocus, 0)),
    ]),
    // another document, which nobody hears
    ...frames.map((frame) => listen(frame, 'load', lookAtFocus)),
  ])
}
