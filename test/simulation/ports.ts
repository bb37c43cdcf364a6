import type { SimThread, World } from './world.js'

type Listener = ((event: unknown) => void) | { handleEvent(event: unknown): void }
type Parcel = { data: unknown; ports: SimPort[]; sender: SimThread } | 'closed'

/** One end of a simulated MessageChannel: messages arrive in order, each at a later step of the other thread. */
export class SimPort {
  /** The thread it belongs to; undefined while it is on its way. */
  owner: SimThread | undefined
  peer!: SimPort
  readonly #world: World
  readonly #inbox: Parcel[] = []
  readonly #listeners = new Map<string, Set<Listener>>()
  #onmessage: ((event: { data: unknown }) => void) | null = null
  #isStarted = false
  #isClosed = false
  #forgetTask: (() => void) | undefined

  constructor(world: World) {
    this.#world = world
    this.owner = world.current
    world.onDeath((thread) => this.#ownerDied(thread))
  }

  get onmessage() {
    return this.#onmessage
  }

  set onmessage(listener: ((event: { data: unknown }) => void) | null) {
    this.#onmessage = listener
    if (listener) this.start()
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    const ports = transfer.filter((item): item is SimPort => item instanceof SimPort)
    const buffers = transfer.filter((item) => !(item instanceof SimPort)) as ArrayBuffer[]
    const data = structuredClone(ports.length > 0 ? withoutPorts(message, ports) : message, { transfer: buffers })
    for (const port of ports) {
      port.owner = undefined
      port.#forget()
    }
    if (this.#isClosed || this.peer.#isClosed) return
    this.peer.#inbox.push({ data, ports, sender: this.#world.current })
    this.peer.#schedule()
  }

  start(): void {
    this.#isStarted = true
    this.#schedule()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#forget()
    this.peer.#inbox.push('closed')
    this.peer.#schedule()
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener)
  }

  ref(): void {}

  unref(): void {}

  #ownerDied(thread: SimThread): void {
    if (this.owner !== thread || this.#isClosed) return
    this.#isClosed = true
    this.#forget()
    for (const parcel of this.#inbox) if (parcel !== 'closed') for (const port of parcel.ports) port.close()
    const { peer } = this
    // what had left the thread may have come through, or not
    const { random } = this.#world
    let lost = random.chance(0.5) ? random.below(peer.#inbox.length + 1) : 0
    while (lost > 0 && peer.#inbox.length > 0) {
      peer.#inbox.pop()
      lost -= 1
    }
    if (random.chance(0.5)) peer.#inbox.push('closed')
    peer.#forget()
    peer.#schedule()
  }

  #schedule(): void {
    const { owner } = this
    if (this.#isClosed || !this.#isStarted || !owner?.isAlive || this.#forgetTask || this.#inbox.length === 0) return
    this.#forgetTask = this.#world.add({
      thread: owner,
      dueMs: this.#world.nowMs,
      name: `message ${nameOf(this.#inbox[0]!)}`,
      run: () => this.#deliver(),
    })
  }

  #forget(): void {
    this.#forgetTask?.()
    this.#forgetTask = undefined
  }

  #deliver(): void {
    this.#forgetTask = undefined
    const parcel = this.#inbox.shift()!
    if (parcel === 'closed') {
      this.#isClosed = true
      this.#dispatch('close', {})
      return
    }
    for (const port of parcel.ports) port.owner = this.owner
    this.#schedule()
    const event = { type: 'message', data: withPorts(parcel.data, parcel.ports), ports: parcel.ports, target: this }
    this.#onmessage?.(event)
    this.#dispatch('message', event)
  }

  #dispatch(type: string, event: unknown): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      if (typeof listener === 'function') listener(event)
      else listener.handleEvent(event)
    }
  }
}

const PLACE = '__port'

/** Ports cannot be cloned: a mark stands where one was. */
function withoutPorts(value: unknown, ports: SimPort[]): unknown {
  if (value instanceof SimPort) return { [PLACE]: ports.indexOf(value) }
  if (Array.isArray(value)) return value.map((item) => withoutPorts(item, ports))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPorts(item, ports)]))
}

function withPorts(value: unknown, ports: SimPort[]): unknown {
  if (ports.length === 0) return value
  if (Array.isArray(value)) return value.map((item) => withPorts(item, ports))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const place = (value as Record<string, unknown>)[PLACE]
  if (typeof place === 'number') return ports[place]
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPorts(item, ports)]))
}

function nameOf(parcel: Parcel): string {
  if (parcel === 'closed') return 'closed'
  const { data } = parcel
  if (typeof data !== 'object' || data === null) return String(data)
  const { kind, serial, seq, type, path, streamIndex, firstFrame, frameCount } = data as Record<string, unknown>
  if (type !== undefined) return `${type} ${Array.isArray(path) ? path.join('.') : ''} ${factsOf(data)}`
  const facts = { serial, seq, streamIndex, firstFrame, frameCount }
  return `${kind} ${JSON.stringify(facts)}`
}

/** The small arguments of a call, or its answer. */
function factsOf(call: object): string {
  const { argumentList, value } = call as { argumentList?: { value: unknown }[]; value?: unknown }
  const shown = argumentList ? argumentList.map((argument) => argument.value) : value
  return (
    JSON.stringify(shown, (key, item) => {
      if (typeof item === 'bigint') return `${item}n`
      return ['settings', 'facts', 'stack', 'bytes'].includes(key) ? undefined : item
    })?.slice(0, 300) ?? ''
  )
}
