import type { LossReason, Source } from '../session/index.js'
import { watchSignal } from './capture.js'
import { LEVEL_PROCESSOR, levelProcessorUrl } from './level-processor.js'
import { LevelRing } from './level-ring.js'
import { listen } from './listen.js'
import { findingOf, lookAt } from './platform.js'
import { redactFrames } from './redaction.js'
import { checkOption, createSource, type Finding, optionsOf, type Reporter, type SourceOptions } from './source.js'

export interface AudioLevelOptions extends SourceOptions {
  /** Levels per second, each over all samples since the one before; default 20, at most 1000. */
  rateHz?: number
  /** Where the sound comes from; default the microphone, which is asked for. Stays open when the session ends. */
  stream?: MediaStream
}

interface Listener {
  /** Levels will come into the ring, if there is sound; from when that is over they are made up. */
  onOpen: (ring: LevelRing, context: AudioContext, isOver: () => boolean) => void
  report: Reporter
}

interface Graph {
  readonly given: MediaStream | undefined
  readonly rateHz: number
  readonly ring: LevelRing
  readonly listeners: Set<Listener>
  /** There when levels come. */
  context: AudioContext | undefined
  isOver(): boolean
  close(): void
}

const graphs: Graph[] = []
const DEFAULT_RATE_HZ = 20
/** Where nothing is shared each level is a message to the page. */
const MAX_RATE_HZ = 1000
/** Nothing that would change the level. */
const PLAIN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }

/**
 * How loud it is: a stream `audioLevel` with root mean square and peak over short stretches, 1 being full scale. An
 * AudioWorklet measures; not a sample leaves it. Levels wait in a ring the page shares with it where it is cross-origin
 * isolated, else they come as messages. While the page is asked for nothing else, this asks for the microphone. Redacted
 * while a sensitive field has the focus: keys can be heard.
 *
 * Source: W3C Web Audio, AudioWorklet.
 *
 * @example
 * const session = await recorder.createSession({ sources: [audioLevel({ optional: true })] })
 */
export function audioLevel(options?: AudioLevelOptions): Source {
  const own = optionsOf('audioLevel', options, ['rateHz', 'stream'])
  const { name, optional, rateHz = DEFAULT_RATE_HZ, stream: given } = own
  const isStream = given === undefined || typeof given?.getAudioTracks === 'function'
  checkOption('stream', given, isStream, 'a MediaStream; leave it out to ask for the microphone')
  if (rateHz > MAX_RATE_HZ) throw new RangeError(`"rateHz" expected ≤ ${MAX_RATE_HZ}, got ${rateHz}`)
  const look = (): Finding | Promise<Finding> =>
    lookAt({
      isThere: () => typeof AudioWorkletNode === 'function' && (given !== undefined || 'mediaDevices' in navigator),
      features: given ? [] : ['microphone'],
      permissions: given ? [] : ['microphone'],
    })
  return createSource({
    name,
    optional,
    look,
    ask: async () => {
      const finding = await look()
      if (finding[0] !== 'prompt') return finding
      try {
        endTracks(await navigator.mediaDevices.getUserMedia({ audio: PLAIN_SOUND }))
        return ['granted']
      } catch (error) {
        return findingOf(error as DOMException)
      }
    },
    open: () => ({
      streams: {
        [name]: {
          channels: [
            { name: 'rms', type: 'f32', unit: '1' },
            { name: 'peak', type: 'f32', unit: '1' },
          ],
          clock: 'monotonic',
          rateHz,
        },
      },
      read: (session, report) => {
        const stream = session.stream(name)
        let take = () => {}
        const collection = session.collect(() => take())
        const levels = {
          refuse: (reason: LossReason | undefined) => {
            take()
            stream.refuse(reason)
          },
          end: collection.end,
        }
        // keys can be heard
        const ends = [redactFrames(session, [levels])]
        const listener: Listener = {
          onOpen: (ring, context, isOver) => {
            const signal = watchSignal(report)
            ends.push(signal.stop)
            let taken = ring.written
            take = () => {
              const offset = offsetMs(context)
              const isEnd = isOver()
              taken = ring.read(taken, (timeS, rms, peak) => {
                if (isEnd && peak === 0) return
                stream.push(timeS * 1000 + offset, rms, peak)
                signal.seen()
              })
              if (!isEnd) return collection.arm()
              stop()
              report.finding('no-signal', 'the sound has ended: taken back, or unplugged')
            }
            collection.arm()
          },
          report,
        }
        let stop = listenToLevels(given, rateHz, listener)
        if (given === undefined) {
          // an open microphone would keep the page out of the back/forward cache
          ends.push(
            listen(window, 'pagehide', () => stop()),
            listen<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => {
              if (persisted) stop = listenToLevels(given, rateHz, listener)
            }),
          )
        }
        return () => {
          stop()
          for (const end of ends) end()
        }
      },
    }),
  })
}

/** One graph, and one opening of the microphone, however many listen at the same rate. Returns what ends it. */
function listenToLevels(given: MediaStream | undefined, rateHz: number, listener: Listener): () => void {
  const graph = graphs.find((one) => one.given === given && one.rateHz === rateHz) ?? openGraph(given, rateHz)
  graph.listeners.add(listener)
  if (graph.context) listener.onOpen(graph.ring, graph.context, graph.isOver)
  return () => {
    graph.listeners.delete(listener)
    if (graph.listeners.size === 0) graph.close()
  }
}

function openGraph(given: MediaStream | undefined, rateHz: number): Graph {
  const ends: (() => void)[] = []
  const graph: Graph = {
    given,
    rateHz,
    ring: new LevelRing(rateHz),
    listeners: new Set(),
    context: undefined,
    isOver: () => false,
    close: () => {
      const index = graphs.indexOf(graph)
      if (index >= 0) graphs.splice(index, 1)
      for (const end of ends.splice(0)) end()
    },
  }
  graphs.push(graph)
  connect(graph, ends).catch((error: DOMException) => {
    graph.close()
    for (const { report } of graph.listeners) report.finding(...findingOf(error))
  })
  return graph
}

/** `ends` gets what closes the graph; it may be closed at every step. */
async function connect(graph: Graph, ends: (() => void)[]): Promise<void> {
  const { given, rateHz, ring, listeners } = graph
  const sound = given ?? (await navigator.mediaDevices.getUserMedia({ audio: PLAIN_SOUND }))
  if (!given) ends.push(() => endTracks(sound))
  if (!graphs.includes(graph)) return graph.close()
  const context = new AudioContext()
  ends.push(() => void context.close())
  const url = levelProcessorUrl()
  await context.audioWorklet
    .addModule(url)
    .catch(({ message }: DOMException) => {
      throw new DOMException(`the page's content security policy needs script-src blob: (${message})`, 'SecurityError')
    })
    .finally(() => URL.revokeObjectURL(url))
  if (!graphs.includes(graph)) return
  const node = new AudioWorkletNode(context, LEVEL_PROCESSOR, {
    numberOfOutputs: 0,
    processorOptions: {
      windowFrames: Math.max(1, Math.round(context.sampleRate / rateHz)),
      ...(ring.isShared ? { ring: ring.buffer } : {}),
    },
  })
  node.port.onmessage = ({ data }) => ring.put(data)
  context.createMediaStreamSource(sound).connect(node)
  graph.context = context
  const tracks = sound.getAudioTracks()
  graph.isOver = () => graphs.includes(graph) && tracks.every(({ readyState }) => readyState === 'ended')
  for (const { onOpen } of listeners) onOpen(ring, context, graph.isOver)
  // it stands still until the page was clicked, unless the microphone is in use
  void context.resume()
}

/** From the context's clock to the page's: both run at their own pace, so it is taken anew each time. */
function offsetMs(context: AudioContext): number {
  const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp?.() ?? {}
  return performanceTime > 0 ? performanceTime - contextTime * 1000 : performance.now() - context.currentTime * 1000
}

function endTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
