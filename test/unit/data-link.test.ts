import { describe, expect, it, onTestFinished } from 'vitest'
import { BatchLane } from '../../src/session/batch-lane.js'
import { DataLink } from '../../src/session/data-link.js'
import type { ToPage, ToWorker } from '../../src/worker/protocol.js'

type Batch = Extract<ToWorker, { kind: 'batch' }>

const batchesIn = (messages: ToWorker[]) => messages.filter((message) => message.kind === 'batch')

/** A lane of one channel and the worker's end of its link, at which a test can do as it likes. */
function open() {
  const { port1, port2 } = new MessageChannel()
  const link: DataLink = new DataLink(
    (): boolean => lane.handOver(),
    () => {},
  )
  const lane = new BatchLane(link, 0, 1, false, false, () => [])
  lane.cursor.memory.clock = 'relative'
  const batches: Batch[] = []
  port2.onmessage = ({ data }: MessageEvent<ToWorker[]>) => void batches.push(...batchesIn(data))
  link.attach(port1)
  onTestFinished(() => {
    link.close()
    port2.close()
  })
  const write = (frames: number) => {
    for (let i = 0; i < frames; i++) {
      if (lane.cursor.slot === lane.cursor.endSlot && !lane.advance()) throw new Error('no room')
      const { memory, slot } = lane.cursor
      memory.timesNs[slot] = BigInt(lane.nextFrame)
      memory.values[slot] = lane.nextFrame
      lane.cursor.commit(1)
    }
    lane.handOver()
  }
  const say = (message: ToPage, transfer: Transferable[] = []) => port2.postMessage([message], transfer)
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20))
  const valuesOf = ({ buffer, capacityFrames, frameCount }: Batch) => {
    const values = new Float64Array(buffer, 256 + 16 * capacityFrames, frameCount)
    return [...values]
  }
  return { link, lane, batches, write, say, settle, valuesOf }
}

describe('the page’s end of a data port', () => {
  it('takes only buffers of its own size back, whole ones (F30)', async () => {
    const { batches, write, say, settle, valuesOf } = open()
    // shared memory cannot be transferred, a detached buffer cannot even be sent
    say({ kind: 'recycle', serial: 1, buffer: new SharedArrayBuffer(65_536) as never })
    say({ kind: 'recycle', serial: 2, buffer: new ArrayBuffer(8) })
    say({ kind: 'recycle', serial: 3, buffer: 'garbage' as never })
    await settle()
    // full batches take buffers from the pool
    write(2700)
    write(2700)
    await settle()
    expect(batches.flatMap(valuesOf)).toEqual(Array.from({ length: 5400 }, (_, i) => i))
  })

  it('keeps batches until they are stored, whatever else is acknowledged (F30)', async () => {
    const { link, lane, batches, write, say, settle } = open()
    write(10)
    write(10)
    await settle()
    expect(lane.unstoredFrames).toBe(20)
    say({ kind: 'stored', serial: 0, seq: 0, byteLength: 1, final: false })
    await settle()
    expect(lane.unstoredFrames).toBe(20)
    say({ kind: 'stored', serial: 1, seq: 0, byteLength: 1, final: false })
    say({ kind: 'stored', serial: 1, seq: 0, byteLength: 1, final: false })
    await settle()
    expect(lane.unstoredFrames).toBe(10)
    expect(lane.oldestFrame).toBe(10)
    // another worker gets what is left, under its old number
    const { port1, port2 } = new MessageChannel()
    const again: Batch[] = []
    port2.onmessage = ({ data }: MessageEvent<ToWorker[]>) => void again.push(...batchesIn(data))
    link.attach(port1)
    await settle()
    expect(again.map(({ serial, firstFrame }) => [serial, firstFrame])).toEqual([[2, 10]])
    expect(again[0]!.buffer).toEqual(batches[1]!.buffer)
    port2.close()
  })

  it('has no more than a mebibyte wait in the worker, and eight on the page', async () => {
    const { lane, batches, write, settle } = open()
    expect(() => {
      for (;;) write(1000)
    }).toThrow('no room')
    await settle()
    const sentBytes = batches.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
    expect(sentBytes).toBeLessThan(1_048_576 + 65_536)
    expect(lane.unstoredFrames * 24).toBeGreaterThan(4_000_000)
    expect(lane.unstoredFrames * 24).toBeLessThan(8_388_608 + 65_536)
  })
})
