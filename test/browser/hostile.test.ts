import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnginePages } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import { comparable, recordWholeInNode, recordWholePage } from '../support/whole-page.js'

/** Names the library reads from options, messages and records. */
const NAMES = [
  ...['worker', 'kernels', 'wasm', 'transport', 'store', 'consent', 'build', 'level', 'onTrap'],
  ...['labels', 'journeyId', 'clientSessionGroupId', 'metadata', 'autoMetadata', 'duration', 'signal', 'mode'],
  ...['chunk', 'maxMs', 'maxBytes', 'autoStart', 'importedStartNs', 'preTriggerMs', 'streams', 'channels', 'clock'],
  ...['overflow', 'rateHz', 'maxGapMs', 'resample', 'resampledHz', 'gapMs', 'type', 'unit', 'values', 'kind'],
  ...['precision', 'originalName', 'validity', 'dictionary', 'lost', 'gaps', 'final', 'amendment', 'startClock'],
  ...['labelsMode', 'notLabels', 'since', 'until', 'state', 'order', 'limit', 'cursor', 'lifeLock', 'x', 'name'],
  ...['cause', 'code', 'offset', 'stack', 'late', 'worker-lost', 'paused', 'grid', 'method', 'quality', 'align'],
  ...['keepRaw', 'resampleMethod', 'resampleQuality', 'nominalRateHz', 'kinds', 'inputRateHz'],
]

/** What scripts of a page do to the built-in objects before the library is loaded, and how the test gets them back. */
const POLLUTIONS: Record<string, { before: string; afterwards?: string }> = {
  'lets every object inherit the names of options': {
    before: `globalThis.names = ${JSON.stringify(NAMES)}
      for (const name of names) Object.prototype[name] = 'evil'`,
    // a request's options are read with what they inherit
    afterwards: 'for (const name of names) delete Object.prototype[name]',
  },
  'freezes the built-in objects (F27)': {
    before: `const bare = [Math, JSON, Reflect, Atomics]
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        const value = Object.getOwnPropertyDescriptor(globalThis, name).value
        if (typeof value !== 'function' || !/^[A-Z]/.test(name)) continue
        bare.push(value)
        if (value.prototype) bare.push(value.prototype)
      }
      for (const kind of [async () => {}, function* () {}, async function* () {}]) {
        bare.push(Object.getPrototypeOf(kind))
        if (kind.prototype) bare.push(Object.getPrototypeOf(kind.prototype))
      }
      bare.push(Object.getPrototypeOf(Int8Array), Object.getPrototypeOf(Int8Array).prototype)
      for (const value of bare) Object.freeze(value)`,
  },
  'wraps everything as zones do': {
    before: `globalThis.calls = 0
      const TypedArray = Object.getPrototypeOf(Int8Array)
      const wrap = (owner, ...names) => {
        for (const name of names) {
          const plain = owner[name]
          owner[name] = function (...args) { globalThis.calls += 1; return Reflect.apply(plain, this, args) }
        }
      }
      wrap(Promise.prototype, 'then', 'catch', 'finally')
      wrap(Array.prototype, 'map', 'push', 'forEach', 'slice', 'sort', 'reduce', 'flatMap', Symbol.iterator)
      wrap(TypedArray.prototype, 'set', 'subarray', 'slice', Symbol.iterator)
      wrap(Map.prototype, 'get', 'set', 'has', Symbol.iterator)
      wrap(Set.prototype, 'add', 'has', Symbol.iterator)
      wrap(Object, 'entries', 'assign', 'keys', 'values', 'fromEntries')
      wrap(JSON, 'stringify', 'parse')
      wrap(String.prototype, 'normalize', 'trim', 'slice')
      wrap(RegExp.prototype, 'test', 'exec')
      wrap(EventTarget.prototype, 'addEventListener', 'removeEventListener', 'dispatchEvent')
      wrap(MessagePort.prototype, 'postMessage', 'start', 'close')
      wrap(globalThis, 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'queueMicrotask')`,
  },
  'has a Promise of its own': { before: 'globalThis.Promise = class ZonePromise extends Promise {}' },
  'adds enumerable methods and toJSON to everything': {
    before: `globalThis.owners = [Object, Array, String, Number, BigInt, Map, Date, Function, Uint8Array, ArrayBuffer]
      for (const { prototype } of owners) {
        prototype.toJSON = () => 'evil'
        prototype.each = function () { return this }
      }`,
    afterwards: 'for (const { prototype } of owners) delete prototype.toJSON',
  },
  'lets descriptors inherit': {
    before: `const fields = { writable: false, enumerable: true, configurable: false }
      for (const name in fields) Object.prototype[name] = fields[name]`,
  },
}

let node: object
beforeAll(async () => {
  node = comparable(await recordWholeInNode())
}, 30_000)

describe.each(ENGINES)('in $name, a page that', ({ name, runs }) => {
  describe.skipIf(!runs)('is hostile', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    it.each(Object.entries(POLLUTIONS))(
      '%s changes no bit of what is recorded, found and refused (F32)',
      async (_, pollution) => {
        for (const thread of ['worker', 'in-thread']) {
          const options = thread === 'worker' ? '{}' : `{ worker: 'none' }`
          const run = await recordWholePage(pages, { options, ...pollution })
          expect(run.capabilities).toMatchObject({ thread, wasm: true, restarts: 0 })
          expect(comparable(run)).toEqual(node)
        }
      },
      60_000,
    )
  })
})
