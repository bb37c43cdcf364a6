import type {
  Availability,
  AvailabilityState,
  PreparedSource,
  Source,
  SourceSession,
  SourceStream,
  StreamOptions,
} from '../session/index.js'
import { captureWhileRecording } from './capture.js'

/** Options every source takes. */
export interface SourceOptions {
  /** Begins the names of its streams; default the source's own. Needed for two of a kind in one session. */
  name?: string
  /**
   * What happens when it needs a permission that was not given: by default `createSession` rejects with
   * `permission-denied`; an optional source stays silent, with an `availability` event.
   */
  optional?: boolean
}

/** What has been found out about a source. */
export type Finding = readonly [state: AvailabilityState, reason?: string]

export interface SourceDefinition {
  name: string
  optional?: boolean
  /** Whether it can be read here, found out without asking. */
  look: () => Finding | Promise<Finding>
  /** Asks for permission; default: there is nothing to ask for. */
  ask?: () => Finding | Promise<Finding>
  /** Its streams, and how to read it, as things are now. */
  open: () => OpenedSource | Promise<OpenedSource>
}

export interface OpenedSource {
  streams: Record<string, StreamOptions>
  /** Reads until the function it returns is called. */
  read: (session: SourceSession, report: Reporter) => () => void
  /** Ends with the session, whatever its state. */
  end?: () => void
}

/** Says that something was read, or why nothing can be. */
export interface Reporter {
  signal(): void
  finding(...finding: Finding): void
}

const GRANTED: Finding = ['granted']

/** @throws TypeError naming the option, what it takes and what was given, unless `isFit`. */
export function checkOption(option: string, value: unknown, isFit: boolean, expected: string): void {
  if (isFit) return
  const given = isObject(value) ? Object.prototype.toString.call(value).slice(8, -1) : String(value)
  throw new TypeError(
    `"${option}" expected ${expected}, got ${typeof value === 'string' ? JSON.stringify(value) : given}`,
  )
}

/**
 * The options a source of this kind was given itself, none inherited; its name is that of the kind where none is given.
 *
 * @throws TypeError for what holds no options, or an option nobody knows: it must not be ignored in silence.
 */
export function optionsOf<Options extends SourceOptions>(
  kind: string,
  given: Options | undefined,
  fields: readonly (keyof Options & string)[] = [],
): Options & { name: string } {
  checkOption(`options of ${kind}()`, given, given === undefined || isObject(given), 'an object')
  const known = ['name', 'optional', ...fields]
  const own = Object.assign(Object.create(null), given) as Options
  for (const field of Object.keys(own)) {
    if (!known.includes(field)) throw new TypeError(`${kind}() has no option "${field}"; it knows ${known.join(', ')}`)
  }
  const { name = kind } = own
  checkOption('name', name, typeof name === 'string', 'a string, the name of a stream')
  return Object.assign(own, { name })
}

/** A source of this definition. */
export function createSource(definition: SourceDefinition): Source {
  const { name, optional = false, look, ask = look, open } = definition
  const found = async (find: () => Finding | Promise<Finding>): Promise<Availability> => {
    const [state, reason = ''] = await find()
    return { source: name, state, reason }
  }
  return {
    name,
    request: () => found(ask),
    async prepare(): Promise<PreparedSource> {
      const { streams, read } = await open()
      let availability: Availability = { source: name, state: 'unsupported', reason: '' }
      return {
        streams,
        async look() {
          availability = await found(look)
          const { state, reason } = availability
          return optional || (state !== 'denied' && state !== 'blocked-by-policy')
            ? undefined
            : `source "${name}" may not be read: ${reason}; make it optional, or create the session without it`
        },
        capture: (session) => captureWhileRecording(session, () => availability, read),
      }
    },
  }
}

/** Where there is a page, it can be read. */
export function onPages(isThere: () => boolean = () => true): () => Finding {
  return () => (typeof document === 'object' && isThere() ? GRANTED : ['unsupported', 'this browser has no such thing'])
}

/** A stream recorded at `rateHz`, low-pass filtered in the worker, or as it comes. */
export function thinned(stream: StreamOptions, rateHz: number | undefined): StreamOptions {
  return rateHz === undefined ? stream : { ...stream, resample: { rateHz } }
}

function isObject(value: unknown): boolean {
  return value !== null && ['object', 'function'].includes(typeof value)
}

/** A source of one stream, fed by events of the page that need no permission. */
export function eventSource(
  kind: string,
  options: SourceOptions | undefined,
  {
    channels,
    read,
  }: {
    channels: NonNullable<StreamOptions['channels']>
    read: (stream: SourceStream, session: SourceSession) => () => void
  },
): Source {
  const { name, optional } = optionsOf(kind, options)
  return createSource({
    name,
    optional,
    look: onPages(),
    open: () => ({
      streams: { [name]: { channels, clock: 'monotonic' } },
      read: (session) => read(session.stream(name), session),
    }),
  })
}
