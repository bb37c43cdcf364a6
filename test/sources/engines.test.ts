import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ENGINES, type Engine, launchEngine } from '../support/engines.js'
import { framesIn, marksIn, type Recorded, recordedOf, serveSourcePage, unaccounted } from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const BODY = `<style>body { margin: 0; height: 3000px } input { position: absolute; left: 10px; width: 200px; height: 20px }</style>
<input id="text" style="top: 10px"><input id="password" type="password" style="top: 50px">`
const SOURCES = [
  'pointer',
  'keyboard',
  'textInput',
  'focus',
  'clicks',
  'wheel',
  'scroll',
  'viewport',
  'lifecycle',
  'frameRate',
  'contextMenu',
  'formSubmit',
  'permissions',
]
const CANARY = 'xyzzy 4711'

describe.each(ENGINES)('sources in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('by real input', () => {
    let engine: Engine
    let server: StaticServer
    let url: string

    beforeAll(async () => {
      server = await startStaticServer(process.cwd())
      url = serveSourcePage(server, BODY)
      engine = await launchEngine(name)
    }, 90_000)
    afterAll(async () => {
      await engine?.close()
      await server?.close()
    }, 30_000)
    beforeEach(async () => {
      await engine.open(url)
      await engine.evaluate(
        'new Promise((resolve) => { const look = () => (globalThis.loaded ? resolve() : setTimeout(look, 20)); look() })',
      )
    }, 30_000)

    const begin = (sources: string, options = '{}') => engine.evaluate(`begin({ sources: [${sources}] }, ${options})`)
    const finish = async (): Promise<Recorded> => recordedOf((await engine.evaluate('finish()')) as object)

    it('record what a user does, and nothing of what is typed', async () => {
      await begin(SOURCES.map((source) => `sources.${source}()`).join())
      const points = Array.from({ length: 40 }, (_, i): [number, number] => [100 + 3 * i, 200 + 2 * i])
      await engine.move(points)
      await engine.move([[50, 20]])
      await engine.click()
      await engine.type(CANARY)
      await engine.move([[50, 60]])
      await engine.click()
      await engine.type(CANARY)
      await engine.move([[300, 150]])
      await engine.click()
      // an engine may still bring the caret of what was typed into view, before this or after: it says where it ended
      const scrolledTo = await engine.evaluate(
        'new Promise((resolve) => { scrollTo(0, 500); setTimeout(() => resolve(scrollY), 300) })',
      )
      expect(scrolledTo).toBeGreaterThan(0)
      const recorded = await finish()
      expect(unaccounted(recorded)).toEqual({})

      const moves = framesIn(recorded, 'pointer')
      const isMove = ({ phase, y }: Record<string, unknown>) => phase === 'move' && (y as number) >= 200
      expect(moves.filter(isMove).map(({ x, y }) => [x, y])).toEqual(points)
      expect(moves.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['down', 'up']))
      expect(new Set(moves.map(({ type }) => type))).toEqual(new Set(['mouse']))

      const keys = framesIn(recorded, 'keyboard')
      expect(keys.filter(({ phase }) => phase === 'down').map((key) => key.class)).toEqual([
        ...Array(5).fill('letter'),
        'space',
        ...Array(4).fill('digit'),
      ])
      expect(recorded.summary.streams.keyboard!.lost).toEqual({ redacted: 1 })
      const texts = framesIn(recorded, 'textInput')
      expect(texts.map(({ change, inserted, length }) => [change, inserted, length])).toEqual(
        Array.from(CANARY, (_, i) => ['insert', 1, i + 1]),
      )
      expect(marksIn(recorded).filter((mark) => mark.name === 'redacted')).toMatchObject([
        { state: 'begin' },
        { state: 'end' },
      ])
      expect(framesIn(recorded, 'clicks').length).toBeGreaterThanOrEqual(1)
      expect(framesIn(recorded, 'focus').map(({ change, field }) => [change, field])).toContainEqual(['in', 'text'])
      expect(framesIn(recorded, 'scroll').at(-1)).toMatchObject({ y: scrolledTo, target: 'page' })
      expect(framesIn(recorded, 'viewport')[0]!.width).toBe(await engine.evaluate('innerWidth'))
      expect(framesIn(recorded, 'lifecycle')[0]).toMatchObject({ change: 'visible' })
      expect(framesIn(recorded, 'frameRate').length).toBeGreaterThan(5)
      for (const encoding of ['utf8', 'utf16le'] as const) {
        expect(recorded.bytes.includes(Buffer.from(CANARY, encoding))).toBe(false)
      }
    }, 60_000)

    it('say of each what can be had of it, and record the others', async () => {
      const all = ['motion', 'orientation', 'magnetometer', 'battery', 'geolocation', 'audioLevel', 'pointer']
      await begin(all.map((source) => `sources.${source}({ optional: true })`).join())
      await engine.move([
        [10, 200],
        [20, 200],
      ])
      await engine.evaluate('new Promise((resolve) => setTimeout(resolve, 2300))')
      const recorded = await finish()
      const states = new Map(
        recorded.events
          .filter(({ type }) => type === 'availability')
          .map(({ detail }) => [detail.source as string, detail.state as string]),
      )
      expect([...states.keys()].sort()).toEqual(all.sort())
      expect(states.get('pointer')).toBe('granted')
      // no machine that runs this has a magnetometer its browser would show
      expect(['unsupported', 'no-signal', 'denied']).toContain(states.get('magnetometer'))
      if (name !== 'chromium') expect(states.get('battery')).toBe('unsupported')
      expect(recorded.summary.streams.pointer!.ingested).toBeGreaterThanOrEqual(2)
      expect(unaccounted(recorded)).toEqual({})
    }, 60_000)

    it('go on when a secret that had the focus is taken out of the page (F60)', async () => {
      await begin('sources.keyboard()')
      await engine.move([[50, 60]])
      await engine.click()
      await engine.type(CANARY)
      await engine.evaluate(
        `document.querySelector('#password').remove(), new Promise((resolve) => setTimeout(resolve, 50))`,
      )
      await engine.type('wasd')
      const recorded = await finish()
      expect(framesIn(recorded, 'keyboard').filter(({ phase }) => phase === 'down')).toHaveLength(4)
      expect(marksIn(recorded).flatMap(({ name: mark, state }) => (mark === 'redacted' ? [state] : []))).toEqual([
        'begin',
        'end',
      ])
    }, 60_000)

    it('wait for consent, and end with it (F59)', async () => {
      await begin('sources.pointer()', `{ consent: 'required' }`)
      await engine.move([
        [10, 210],
        [20, 220],
      ])
      expect(await engine.evaluate('session.state')).toBe('awaiting-consent')
      await engine.evaluate('recorder.grantConsent()')
      await engine.move([
        [30, 230],
        [40, 240],
      ])
      await engine.evaluate('recorder.withdrawConsent().then(() => {})')
      await engine.move([[50, 250]])
      const recorded = await finish()
      expect(framesIn(recorded, 'pointer').map(({ x }) => x)).toEqual([30, 40])
    }, 60_000)
  })
})
