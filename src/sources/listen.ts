type Hear = (event: Event) => void

/** All that want to hear of one kind of event of one target, and the one listener it has for them. */
class Hearing implements EventListenerObject {
  listeners: readonly { hear: Hear }[] = []
  /** One alone is called without us: an event that wakes the page pays for every function it comes through (ADR 14). */
  handleEvent: Hear = () => {}

  become(listeners: Hearing['listeners']): void {
    this.listeners = listeners
    this.handleEvent = listeners.length === 1 ? listeners[0]!.hear : dispatchTo(listeners)
  }
}

const heard = new WeakMap<EventTarget, Map<string, Hearing>>()
const OPTIONS = { capture: true, passive: true } as const

/**
 * Hears events of a target, in the capture phase and passively, before the page's own handlers can stop them. However
 * many listen, the target has one listener per type. Returns what ends it.
 */
export function listen<E extends Event>(target: EventTarget, type: string, listener: (event: E) => void): () => void {
  const types = heard.get(target) ?? new Map<string, Hearing>()
  heard.set(target, types)
  const hearing = types.get(type) ?? new Hearing()
  if (hearing.listeners.length === 0) {
    types.set(type, hearing)
    target.addEventListener(type, hearing, OPTIONS)
  }
  // the same function may be given twice
  const own = { hear: listener as Hear }
  hearing.become([...hearing.listeners, own])
  return () => {
    if (!hearing.listeners.includes(own)) return
    hearing.become(hearing.listeners.filter((one) => one !== own))
    if (hearing.listeners.length > 0) return
    types.delete(type)
    target.removeEventListener(type, hearing, OPTIONS)
  }
}

function dispatchTo(listeners: Hearing['listeners']): Hear {
  return (event) => {
    for (let i = 0; i < listeners.length; i++) listeners[i]!.hear(event)
  }
}

/** Ends several things at once. */
export function endAll(ends: readonly (() => void)[]): () => void {
  return () => {
    for (const end of ends) end()
  }
}
