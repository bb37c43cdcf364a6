import { SimPort } from './ports.js'
import type { World } from './world.js'

const TIMER_NAMES = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] as const

/** Puts a world's timers, clocks and ports in the place of the real ones; the function returned puts those back. */
export function installWorld(world: World): () => void {
  const global = globalThis as unknown as Record<string, unknown>
  const before = Object.fromEntries(
    [...TIMER_NAMES, 'MessageChannel', 'MessagePort'].map((name) => [name, global[name]]),
  )
  const realNow = Date.now
  const ownPerformanceNow = Object.getOwnPropertyDescriptor(performance, 'now')
  global.setTimeout = (callback: () => void, delayMs = 0) => world.addTimer(callback, delayMs, false)
  global.setInterval = (callback: () => void, delayMs = 0) => world.addTimer(callback, delayMs, true)
  global.clearTimeout = (id: number) => world.removeTimer(id)
  global.clearInterval = (id: number) => world.removeTimer(id)
  global.MessagePort = SimPort
  global.MessageChannel = class {
    readonly port1 = new SimPort(world)
    readonly port2 = new SimPort(world)

    constructor() {
      this.port1.peer = this.port2
      this.port2.peer = this.port1
    }
  }
  Date.now = () => world.wallMs
  Object.defineProperty(performance, 'now', { value: () => world.nowMs, configurable: true, writable: true })
  return () => {
    Object.assign(global, before)
    Date.now = realNow
    if (ownPerformanceNow) Object.defineProperty(performance, 'now', ownPerformanceNow)
    else Reflect.deleteProperty(performance, 'now')
  }
}
