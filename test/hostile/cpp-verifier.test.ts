import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import { FRAME_HEADER_BYTES, verifyBuffer } from '../../src/wire/index.js'
import { corpusFrames } from './corpus-frames.js'
import { mutate, Random } from './mutant.js'

const MUTANTS = 60_000
const canCompile =
  existsSync('/usr/include/flatbuffers/flatbuffers.h') &&
  ['flatc', 'g++'].every((tool) => spawnSync(tool, ['--version']).status === 0)

function accepts(payload: Uint8Array): boolean {
  try {
    verifyBuffer(payload)
    return true
  } catch (error) {
    if (error instanceof KymographError) return false
    throw error
  }
}

/** libflatbuffers-dev and its own compiler, from the distribution; left out where they are not. */
describe.skipIf(!canCompile)('the verifier of the C++ library', () => {
  let folder: string
  let program: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kymograph-cpp-'))
    program = join(folder, 'verify_chunks')
    run('flatc', ['--cpp', '-o', folder, 'src/wire/chunk.fbs'])
    run('g++', ['-std=c++17', '-O1', '-I', folder, '-o', program, 'test/hostile/verify_chunks.cpp'])
  }, 120_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(command: string, args: string[], input?: Uint8Array): Buffer {
    const { status, stdout, stderr } = spawnSync(command, args, { input, maxBuffer: 1 << 28 })
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
    return stdout
  }

  /** What it says of each payload. */
  function verdicts(payloads: readonly Uint8Array[]): boolean[] {
    const input = Buffer.concat(
      payloads.flatMap((payload) => [Buffer.from(Uint32Array.of(payload.length).buffer), payload]),
    )
    const verdicts = run(program, [], input)
    expect(verdicts.length).toBe(payloads.length)
    return [...verdicts].map((verdict) => verdict === 1)
  }

  it('takes every valid chunk of the corpus', () => {
    const payloads = corpusFrames('test/golden/v1/valid').map((frame) => payloadOf(frame))
    expect(payloads.length).toBeGreaterThan(60)
    expect(payloads.filter((payload) => !accepts(payload))).toEqual([])
    expect(verdicts(payloads).filter((verdict) => !verdict)).toEqual([])
  })

  it('takes whatever ours takes, of thousands of mutants', () => {
    const frames = corpusFrames('test/golden/v1/valid')
    const random = new Random(2008)
    const payloads = Array.from({ length: MUTANTS }, () => {
      const frame = frames[random.below(frames.length)]!
      const room = new Uint8Array(frame.length)
      return payloadOf(room.subarray(0, mutate(frame, room, random)))
    })
    const theirs = verdicts(payloads)
    const ours = payloads.map(accepts)
    const taken = ours.filter((verdict) => verdict).length
    expect(
      ours.flatMap((verdict, i) => (verdict && !theirs[i] ? [Buffer.from(payloads[i]!).toString('hex')] : [])),
    ).toEqual([])
    // ours also refuses text that is not UTF-8, shared parts, and more
    expect(taken).toBeGreaterThan(MUTANTS / 50)
    expect(theirs.filter((verdict) => verdict).length).toBeGreaterThanOrEqual(taken)
  }, 120_000)
})

function payloadOf(frame: Uint8Array): Uint8Array {
  const byteLength = new DataView(frame.buffer, frame.byteOffset).getUint32(8, true)
  return frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + byteLength)
}
