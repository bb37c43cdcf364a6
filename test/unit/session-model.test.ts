import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SessionState } from '../../src/session/events.js'
import { Audit } from '../simulation/audit.js'
import { Stage } from '../simulation/stage.js'

/** What a session is, by its calls alone. */
interface Model {
  state: SessionState
  readonly isFlightRecorder: boolean
  isTriggered: boolean
  isDisposed: boolean
}

interface Real {
  stage: Stage
  controller: AbortController
}

type Step = (model: Model, real: Real) => Promise<void>

const isOver = ({ state }: Model) => state === 'stopped'
const isUnwritten = (model: Model) => model.isFlightRecorder && !model.isTriggered

/** The code a call is refused with when the session is in none of `states`. */
function refusalOf(model: Model, ...states: SessionState[]): string | undefined {
  if (states.includes(model.state)) return undefined
  return isOver(model) ? 'ended' : 'wrong-state'
}

function expectCode(run: () => void, code: string | undefined): void {
  if (code === undefined) run()
  else expect(run).toThrow(expect.objectContaining({ code }))
}

async function expectAnswer(stage: Stage, name: string, call: Promise<unknown>, code?: string): Promise<void> {
  const answer = stage.settle(stage.calls.track(name, call))
  if (code === undefined) await answer
  else await expect(answer).rejects.toMatchObject({ code })
}

function command(name: string, step: Step): fc.AsyncCommand<Model, Real> {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await step(model, real)
      expect(real.stage.session.state).toBe(model.state)
    },
  }
}

const start: Step = async (model, { stage }) => {
  await expectAnswer(stage, 'start', stage.session.start(), isOver(model) ? 'ended' : undefined)
  if (model.state === 'ready') model.state = model.isFlightRecorder ? 'armed' : 'recording'
}

const pause: Step = async (model, { stage }) => {
  expectCode(() => stage.session.pause(), refusalOf(model, 'recording', 'paused'))
  if (model.state === 'recording') model.state = 'paused'
}

const resume: Step = async (model, { stage }) => {
  expectCode(() => stage.session.resume(), refusalOf(model, 'recording', 'paused'))
  if (model.state === 'paused') model.state = 'recording'
}

let marks = 0
const mark: Step = async (model, { stage }) => {
  const name = `mark ${++marks}`
  const code = refusalOf(model, 'armed', 'recording', 'paused')
  expectCode(() => stage.session.mark(name), code)
  if (code === undefined) stage.recorded.marks.push(name)
}

const setLabels: Step = async (model, { stage }) => {
  const labels = [`label ${++marks}`]
  const code = refusalOf(model, 'ready', 'armed', 'recording', 'paused')
  expectCode(() => stage.session.setLabels(labels), code)
  if (code === undefined) stage.recorded.labels = labels
}

const flush: Step = async (_, { stage }) => expectAnswer(stage, 'flush', stage.session.flush())

const trigger: Step = async (model, { stage }) => {
  const isIgnored = model.isFlightRecorder && model.isTriggered
  const code = isIgnored ? undefined : refusalOf(model, 'armed')
  const call = stage.session.trigger()
  if (code === undefined && !isIgnored) {
    expect(stage.session.state).toBe('recording')
    model.isTriggered = true
    stage.recorded.wasTriggered = true
    model.state = 'recording'
  }
  await expectAnswer(stage, 'trigger', call, code)
}

const push = (frames: number): Step => {
  return async (model, { stage }) => {
    const takes = model.state === 'recording' || model.state === 'armed'
    const [stream] = stage.recorded.streams
    for (let i = 0; i < frames; i++) {
      const timeNs = BigInt(Math.round(stage.world.nowMs * 1e6) + i)
      expect(stream!.push(timeNs - (timeNs % 250_000n), () => stage.session.state)).toBe(takes)
    }
  }
}

const stop: Step = async (model, { stage }) => {
  const first = stage.session.stop()
  if (!isOver(model)) expect(stage.session.state).toBe(isUnwritten(model) ? 'stopped' : 'stopping')
  expect(stage.session.stop()).toBe(first)
  stage.recorded.stopped = stage.calls.track('stop', first)
  await stage.settle(stage.recorded.stopped)
  model.state = 'stopped'
}

const stopDuringFlush: Step = async (model, real) => {
  const { stage } = real
  const flushed = stage.calls.track('flush', stage.session.flush())
  await stage.run(3)
  await stop(model, real)
  await stage.settle(flushed)
}

const abort: Step = async (model, { stage, controller }) => {
  controller.abort()
  await expectAnswer(stage, 'stop', stage.session.stop())
  model.state = 'stopped'
}

const loseWorker = (steps: number): Step => {
  return async (_, { stage }) => {
    stage.workers.strike()
    await stage.run(steps)
  }
}

const dispose: Step = async (model, { stage }) => {
  await expectAnswer(stage, 'dispose', stage.recorder.dispose())
  model.isDisposed = true
  model.state = 'stopped'
  await expectAnswer(stage, 'page', stage.recorder.sessions.page(), 'disposed')
}

const COMMANDS = [
  fc.constant(command('start', start)),
  fc.constant(command('pause', pause)),
  fc.constant(command('resume', resume)),
  fc.constant(command('mark', mark)),
  fc.constant(command('setLabels', setLabels)),
  fc.constant(command('flush', flush)),
  fc.constant(command('trigger', trigger)),
  fc.integer({ min: 1, max: 30 }).map((frames) => command(`push ${frames}`, push(frames))),
  fc.integer({ min: 1, max: 30 }).map((frames) => command(`push ${frames}`, push(frames))),
  fc.integer({ min: 0, max: 12 }).map((steps) => command(`worker lost, ${steps} steps`, loseWorker(steps))),
  fc.integer({ min: 0, max: 12 }).map((steps) => command(`worker lost, ${steps} steps`, loseWorker(steps))),
]
/** What ends a session comes last, and then anything may be tried once more. */
const ENDINGS = [
  fc.constant(command('stop', stop)),
  fc.constant(command('stop during flush', stopDuringFlush)),
  fc.constant(command('abort', abort)),
  fc.constant(command('dispose', dispose)),
]

it('is in the state its calls have led to, says why it refuses one, and accounts for every frame', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        transport: fc.constantFrom('batch', 'shared'),
        isFlightRecorder: fc.boolean(),
        autoStart: fc.boolean(),
      }),
      fc.commands(COMMANDS, { maxCommands: 14, size: 'max' }),
      fc.commands([...ENDINGS, ...COMMANDS], { maxCommands: 8, size: 'max' }),
      async ({ seed, transport, isFlightRecorder, autoStart }, life, end) => {
        const controller = new AbortController()
        const mode = isFlightRecorder ? { mode: { preTriggerMs: 10_000 } } : {}
        const stage = await Stage.open(seed, transport, { autoStart, signal: controller.signal, ...mode })
        try {
          const started = isFlightRecorder ? 'armed' : 'recording'
          const model: Model = {
            state: autoStart ? started : 'ready',
            isFlightRecorder,
            isTriggered: false,
            isDisposed: false,
          }
          const setup = () => ({ model, real: { stage, controller } })
          await fc.asyncModelRun(setup, life)
          await fc.asyncModelRun(setup, end)
          await stop(model, setup().real)
          await checkEnd(model, stage)
        } finally {
          stage.leave()
        }
      },
    ),
    { seed: 20_260_101, numRuns: 1000 },
  )
}, 60_000)

async function checkEnd(model: Model, stage: Stage): Promise<void> {
  expect(stage.calls.pending).toEqual([])
  if (model.isDisposed) expect(stage.workers.left).toBe(0)
  const { disk } = stage.workers
  const record = await disk.files.get(stage.session.id)
  expect(record?.state).toBe(isUnwritten(model) ? undefined : 'stopped')
  const frames = disk.chunks.get(stage.session.id) ?? []
  expect(new Audit(stage.recorded, { isDurable: true, wasRefused: false, frames }).final()).toEqual([])
}
