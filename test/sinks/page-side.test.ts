import * as Comlink from 'comlink'
import { expect, it, onTestFinished, vi } from 'vitest'
import { KymographError } from '../../src/errors.js'
import type { ChunkSink, OutgoingChunk } from '../../src/sinks/index.js'
import type { ClientOptions } from '../../src/worker/client.js'
import type { PageApi } from '../../src/worker/page-api.js'
import { type DeliveryEngine, PageSide } from '../../src/worker/page-side.js'
import type { DeliveryStatus, Lent } from '../../src/worker/protocol.js'

const chunk = (id: string, byteLength: number): OutgoingChunk => ({
  id,
  sessionId: 'session',
  seq: 0,
  final: false,
  digest: 'digest',
  bytes: new Uint8Array(byteLength),
})

const STATUS: DeliveryStatus = {
  sink: 'own',
  delivered: 0,
  quarantined: 0,
  failedTries: 0,
  isIdle: true,
  isPaused: false,
  lastError: undefined,
}

function open(sink: Partial<ChunkSink>, answers: Partial<Record<string, () => unknown>>) {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible', defaultView: new EventTarget() })
  vi.stubGlobal('document', document)
  const calls: unknown[][] = []
  const call = async (...made: unknown[]) => {
    calls.push(made)
    return answers[made[0] as string]?.()
  }
  const own = { name: 'own', deliver: async ({ id, digest }: OutgoingChunk) => ({ id, digest }), ...sink }
  const side = new PageSide({ sinks: [own], store: undefined })
  const client = { open: {} } as ClientOptions
  side.addTo(client)
  const port = client.connectPage!()
  const deliveries = side.open({ call } as unknown as DeliveryEngine, async () => {})
  onTestFinished(() => {
    deliveries.close()
    port.close()
    vi.unstubAllGlobals()
  })
  const hide = () => document.defaultView.dispatchEvent(new Event('pagehide'))
  return { deliveries, calls, hide, page: Comlink.wrap<PageApi>(port) }
}

it('waits on, with deliveries, when the worker is replaced meanwhile', async () => {
  let asked = 0
  const { deliveries } = open(
    {},
    {
      deliveryStatus: () => {
        asked += 1
        if (asked === 1) return [{ ...STATUS, isIdle: false }]
        if (asked === 2) throw new KymographError('worker-lost', 'the worker has died')
        return [STATUS]
      },
    },
  )
  await deliveries.idle()
  expect(asked).toBe(3)
})

it('gives chunks back at page hide that its sink throws over, or that are too many for such requests', async () => {
  const lent: Lent[] = ['c', 'd'].map((id) => ({ sink: 0, chunk: chunk(id, 20_000) }))
  const tried: string[] = []
  const { page, hide, calls } = open(
    {
      deliverAtHide: ({ id, digest }) => {
        tried.push(id)
        if (id === 'a') throw new Error('not now')
        return Promise.resolve({ id, digest })
      },
    },
    { lendChunks: () => lent },
  )
  for (const id of ['a', 'b']) await page.hold({ sink: 0, chunk: chunk(id, 10_000) })
  hide()
  const givenBack = () => calls.filter(([method]) => method === 'giveBack').map(([, , , id, receipt]) => [id, receipt])
  await expect.poll(() => givenBack().length).toBe(4)
  expect(tried).toEqual(['a', 'b', 'c'])
  expect(new Map(givenBack() as [string, unknown][])).toEqual(
    new Map<string, unknown>([
      ['a', undefined],
      ['b', { id: 'b', digest: 'digest' }],
      ['c', { id: 'c', digest: 'digest' }],
      ['d', undefined],
    ]),
  )
})
