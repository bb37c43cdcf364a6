import { type ChunkSink, type HttpSinkOptions, httpSink } from '../../sinks/index.js'
import { describe } from './text.js'

/**
 * The sinks of the option `sinks`, as they arrive in the worker.
 *
 * @throws TypeError | RangeError naming what was expected and what is there.
 */
export function checkSinks(given: unknown = []): ChunkSink[] {
  if (!Array.isArray(given)) throw new TypeError(`"sinks" expected an array, got ${describe(given)}`)
  const names = new Set<string>()
  return given.map((sink: { kind?: unknown } & HttpSinkOptions, index) => {
    if (sink?.kind !== 'http') throw new TypeError(`"sinks[${index}]" expected httpSink(…), got ${describe(sink)}`)
    const { url, headers, name } = sink
    const opened = httpSink({ url, headers, name })
    if (names.has(opened.name)) {
      throw new RangeError(`"sinks[${index}]" expected a name of its own, got ${describe(opened.name)} again`)
    }
    names.add(opened.name)
    return opened
  })
}
