import type { ChannelOptions, Source, SourceSession, SourceStream } from '../session/index.js'
import { targetOf } from './element.js'
import { endAll, listen } from './listen.js'
import { redactOnce } from './redaction.js'
import { isBlocked } from './sensitive.js'
import { checkOption, createSource, onPages, optionsOf, type SourceOptions } from './source.js'

export interface PointerOptions extends SourceOptions {
  /**
   * Names what the pointer is over, in the application's words, in a channel `target`; undefined: nothing worth a name.
   * Called once for each element the pointer comes to. Default: targets are not recorded.
   */
  describeTarget?: (target: Element) => string | undefined
  /**
   * Moves of the primary pointer in a stream `pointer.path` of their own, at so many frames per second, low-pass filtered
   * and then thinned in the worker; `pointer` keeps the rest as it comes. Default: everything as the hardware reports it.
   */
  rateHz?: number
}

const PHASES = ['move', 'down', 'up', 'cancel']
const EVENTS = ['pointermove', 'pointerdown', 'pointerup', 'pointercancel']
const MOVE = 0
const MOUSE = 0
const TYPES = ['mouse', 'touch', 'pen', 'other']
const OTHER = 3

const CHANNELS: ChannelOptions[] = [
  { name: 'x', unit: '{px}' },
  { name: 'y', unit: '{px}' },
  { name: 'phase', type: 'enum', values: PHASES },
  { name: 'type', type: 'enum', values: TYPES },
  { name: 'pointerId', type: 'i32' },
  { name: 'isPrimary', type: 'enum', values: ['false', 'true'] },
  { name: 'button', type: 'i32' },
  { name: 'buttons', type: 'i32' },
  { name: 'pressure', type: 'f32' },
  { name: 'tiltX', unit: 'deg' },
  { name: 'tiltY', unit: 'deg' },
  { name: 'twist', unit: 'deg' },
  { name: 'width', unit: '{px}' },
  { name: 'height', unit: '{px}' },
]

/** Places of channels. */
const PHASE = 2
const IS_PRIMARY = 5
const PATH = [0, 1, 8]
/** A pointer that has not moved for as long rests: nothing is made up for it. */
const REST_MS = 250

/**
 * Mouse, touch and pen, as fast as the hardware reports them: a stream `pointer` with position in the viewport, phase,
 * button, pressure, tilt and size of contact. Nothing of what happens in an element with `data-kymograph-block` is
 * recorded.
 *
 * Source: W3C Pointer Events, `getCoalescedEvents`.
 *
 * @example
 * const session = await recorder.createSession({ sources: [pointer()] })
 */
export function pointer(options?: PointerOptions): Source {
  const { name, optional, describeTarget, rateHz } = optionsOf('pointer', options, ['describeTarget', 'rateHz'])
  const pathName = `${name}.path`
  checkOption('describeTarget', describeTarget, ['undefined', 'function'].includes(typeof describeTarget), 'a function')
  const channels = describeTarget ? [...CHANNELS, { name: 'target', type: 'text' as const }] : CHANNELS
  return createSource({
    name,
    optional,
    look: onPages(() => typeof PointerEvent === 'function'),
    open: () => ({
      streams: {
        [name]: { channels, clock: 'monotonic' },
        ...(rateHz === undefined
          ? {}
          : {
              [pathName]: {
                channels: PATH.map((place) => CHANNELS[place]!),
                clock: 'monotonic',
                maxGapMs: REST_MS,
                resample: { rateHz },
              },
            }),
      },
      read: (session) => {
        const capture = captures.get(describeTarget) ?? new PointerCapture(describeTarget)
        return capture.join(session, session.stream(name), rateHz === undefined ? undefined : session.stream(pathName))
      },
    }),
  })
}

/** Frames written at a time. */
const WRITTEN_FRAMES = 512
/** Events kept before they are written: more than a display has pictures until the next hand-over. */
const KEPT_EVENTS = 256

/**
 * Whether events still know what they are made of when their handlers are done, found out with the first that is made of
 * several; undefined: not known yet.
 */
let partsStay: boolean | undefined
let probe: { event: PointerEvent; parts: number } | undefined

/** Where what is heard goes. */
interface Outlet {
  readonly stream: SourceStream
  /** Where the moves of the primary pointer go instead. */
  readonly path: SourceStream | undefined
  readonly collection: ReturnType<SourceSession['collect']>
}

/** One for all sessions in which targets have the same names. */
const captures = new Map<PointerOptions['describeTarget'], PointerCapture>()

/**
 * Keeps events until they are handed over, and takes only then from them the parts they are made of: all that came since
 * the last picture. Done one by one it takes several times as long (ADR 14).
 */
class PointerCapture {
  readonly #describeTarget: PointerOptions['describeTarget']
  readonly #nameOf: ((target: Element) => string | undefined) | undefined
  readonly #events: PointerEvent[] = []
  readonly #names: (string | undefined)[] = []
  readonly #times = new Float64Array(WRITTEN_FRAMES)
  readonly #values = new Float64Array(WRITTEN_FRAMES * CHANNELS.length)
  readonly #frameNames: (string | undefined)[] = []
  #frames = 0
  #outlets: readonly Outlet[] = []
  #stop = () => {}
  /** What the pointer was over last, known not to be blocked. */
  #seen: EventTarget | null = null
  #seenName: string | undefined
  #isBlocked = false
  /** The next event comes from a blocked part: some of what it is made of lies there. */
  #isLeaving = false

  constructor(describeTarget: PointerOptions['describeTarget']) {
    this.#describeTarget = describeTarget
    this.#nameOf = describeTarget && targetNames(describeTarget)
  }

  /** Writes what happens until the function it returns is called. */
  join(session: SourceSession, stream: SourceStream, path: SourceStream | undefined): () => void {
    // what came before is not for this one, and blocked parts it has not heard of
    this.#write()
    this.#isBlocked = false
    const outlet = { stream, path, collection: session.collect(() => this.#write()) }
    this.#outlets = [...this.#outlets, outlet]
    if (this.#outlets.length === 1) {
      captures.set(this.#describeTarget, this)
      const hear = (event: PointerEvent) => {
        if (this.#look(event, event.target)) this.#keep(event)
      }
      const hearMove = (event: PointerEvent) => {
        const { target } = event
        if (target === this.#seen || this.#look(event, target)) this.#keep(event)
      }
      this.#stop = endAll(EVENTS.map((type, phase) => listen(window, type, phase === MOVE ? hearMove : hear)))
    }
    return () => {
      outlet.collection.end()
      this.#outlets = this.#outlets.filter((one) => one !== outlet)
      if (this.#outlets.length > 0) return
      captures.delete(this.#describeTarget)
      this.#stop()
      this.#values.fill(0)
    }
  }

  #keep(event: PointerEvent): void {
    const events = this.#events
    if (events.length === KEPT_EVENTS) this.#write()
    if (events.length === 0) for (const { collection } of this.#outlets) collection.arm()
    if (partsStay && !this.#isLeaving) {
      events.push(event)
      if (this.#nameOf) this.#names.push(this.#seenName)
    } else this.#take(event, this.#seenName)
    this.#isLeaving = false
  }

  /** Looks at what the pointer is over; false when that is blocked, and the event counted. */
  #look(event: PointerEvent, target: EventTarget | null): boolean {
    const element = targetOf(event)
    const wasBlocked = this.#isBlocked
    this.#isBlocked = element !== undefined && isBlocked(element)
    if (this.#isBlocked) {
      this.#seen = null
      if (wasBlocked) return false
      this.#write()
      this.#isLeaving = true
      for (const { stream, path } of this.#outlets) {
        redactOnce(stream, event.timeStamp)
        if (path) redactOnce(path, event.timeStamp)
      }
      return false
    }
    // in a shadow tree the event's own target is the host, and may stay while the pointer goes on
    this.#seen = element === undefined || element === target ? target : null
    this.#seenName = element && this.#nameOf?.(element)
    return true
  }

  #take(event: PointerEvent, name: string | undefined): void {
    const phase = EVENTS.indexOf(event.type)
    // a move is made of all that came since the last picture
    const parts = phase === MOVE && !this.#isLeaving ? event.getCoalescedEvents?.() : undefined
    const count = parts?.length ?? 0
    // what all parts have in common, by the specification; of a mouse all but time and place
    const { pointerType, pointerId, isPrimary, button, buttons } = event
    // an event of that name which scripts have made
    if (pointerId === undefined) return
    const type = TYPES.indexOf(pointerType)
    const isMouse = type === MOUSE
    const { pressure, tiltX, tiltY, twist, width, height } = event
    for (let i = 0; i === 0 || i < count; i++) {
      if (this.#frames === WRITTEN_FRAMES) this.#flush()
      const part = count === 0 ? event : parts![i]!
      const values = this.#values
      let at = this.#frames * CHANNELS.length
      this.#times[this.#frames] = part.timeStamp
      values[at++] = part.clientX
      values[at++] = part.clientY
      values[at++] = phase
      values[at++] = type < 0 ? OTHER : type
      values[at++] = pointerId
      values[at++] = isPrimary ? 1 : 0
      values[at++] = button
      values[at++] = buttons
      values[at++] = isMouse ? pressure : part.pressure
      values[at++] = isMouse ? tiltX : part.tiltX
      values[at++] = isMouse ? tiltY : part.tiltY
      values[at++] = isMouse ? twist : part.twist
      values[at++] = isMouse ? width : part.width
      values[at++] = isMouse ? height : part.height
      if (this.#nameOf) this.#frameNames.push(name)
      this.#frames += 1
    }
    if (partsStay === undefined && count > 1) probe ??= { event, parts: count }
  }

  #write(): void {
    if (probe) {
      partsStay = probe.event.getCoalescedEvents().length === probe.parts
      probe = undefined
    }
    const events = this.#events
    for (let i = 0; i < events.length; i++) this.#take(events[i]!, this.#names[i])
    events.length = 0
    this.#names.length = 0
    this.#flush()
    // it may be blocked from now on while the pointer rests on it
    this.#seen = null
  }

  #flush(): void {
    const frames = this.#frames
    if (frames === 0) return
    this.#frames = 0
    for (const { stream, path } of this.#outlets) {
      if (path) this.#putApart(stream, path, frames)
      else this.#put(stream, 0, frames)
    }
    this.#frameNames.length = 0
  }

  /** Frames `from` … `to` of those taken. */
  #put(stream: SourceStream, from: number, to: number): void {
    const width = CHANNELS.length
    if (!this.#nameOf) {
      stream.write(this.#times.subarray(from, to), this.#values.subarray(from * width, to * width))
      return
    }
    for (let i = from; i < to; i++) {
      stream.push(this.#times[i]!, ...this.#values.subarray(i * width, (i + 1) * width), this.#frameNames[i])
    }
  }

  /** The moves of the primary pointer into `path`, the rest into `stream`. */
  #putApart(stream: SourceStream, path: SourceStream, frames: number): void {
    const width = CHANNELS.length
    const values = this.#values
    for (let i = 0; i < frames; i++) {
      const at = i * width
      if (values[at + PHASE] !== MOVE || values[at + IS_PRIMARY] === 0) this.#put(stream, i, i + 1)
      else path.push(this.#times[i]!, ...PATH.map((place) => values[at + place]!))
    }
  }
}

/** The application's names of elements, each asked for once. */
function targetNames(describeTarget: (target: Element) => string | undefined): (target: Element) => string | undefined {
  const names = new WeakMap<Element, string | undefined>()
  return (element) => {
    if (!names.has(element)) {
      names.set(element, undefined)
      try {
        names.set(element, describeTarget(element))
      } catch (error) {
        // that of the application; the pointer is recorded all the same
        reportError(error)
      }
    }
    return names.get(element)
  }
}
