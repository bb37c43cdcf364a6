import type { Availability, Source } from '../session/index.js'
import { checkOption } from './source.js'

/**
 * Asks for the permissions of all these sources, in one go: iOS wants it in a click handler, and before anything else
 * that waits. Sources that need none answer `granted`. Nothing is recorded by it; ask again after a `denied`.
 *
 * Returns the outcome of each source, in their order: `granted`, `prompt` (asked when it is first read), `denied`,
 * `unsupported`, `blocked-by-policy` or `no-signal` (there is no microphone), and why. A source that fails at it is
 * `unsupported`.
 *
 * @throws TypeError for what is no source, before any is asked.
 *
 * @example
 * const outcomes = await requestPermissions([motion(), pointer()])
 */
export async function requestPermissions(sources: readonly Source[]): Promise<Availability[]> {
  checkOption('sources', sources, Array.isArray(sources), 'an array of sources, such as [motion()]')
  for (const [index, source] of sources.entries()) {
    checkOption(`sources[${index}]`, source, typeof source?.request === 'function', 'a source, such as motion()')
  }
  return Promise.all(
    sources.map(async (source) => {
      try {
        return await source.request()
      } catch (error) {
        // one of the application's own; the others have been asked all the same
        return { source: source.name, state: 'unsupported', reason: String(error) }
      }
    }),
  )
}
