import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ColumnArray } from '../../src/kernels/types.js'
import { columnsOfFile, partsOf } from './column-parts.js'
import { bytesOf, implementations, wasmKernels } from './implementations.js'

const doubles = (cells: string[]): Float64Array => Float64Array.from(cells, Number)
const singles = (cells: string[]): Float32Array => Float32Array.from(cells, Number)
/** Decimal text, in units of 10^-digits. */
const integers = (cells: string[], digits: number): BigInt64Array =>
  BigInt64Array.from(cells, (cell) => BigInt(Math.round(Number(cell) * 10 ** digits)))

const skiAccel = columnsOfFile('test/recordings/ski_accel_100hz.csv')
const skiGyro = columnsOfFile('test/recordings/ski_gyro_100hz.csv')
const magnetometer = columnsOfFile('test/recordings/walk_mag_100hz.csv')
const pocket = columnsOfFile('test/recordings/pocket_accel_405hz.csv')
const rotation = columnsOfFile('test/recordings/rotation_286hz.csv')
const gaze = columnsOfFile('examples/recordings/gaze_200hz.csv')
const phone = columnsOfFile('examples/recordings/phone_6axis_100hz.csv')

/** As a web page gets it: whole tenths, −0 among them. */
const web = Float64Array.from(doubles(skiAccel.get('x')!), (value) => Math.round(value * 10) / 10)
const activities = [...new Set(phone.get('label')!)]

const columns: Record<string, ColumnArray> = {
  'ski accelerometer': doubles(skiAccel.get('x')!),
  'ski accelerometer, three values': doubles(skiAccel.get('x')!.slice(0, 3)),
  'ski accelerometer in a page': web,
  'ski gyroscope': doubles(skiGyro.get('x')!),
  'ski clock': BigInt64Array.from(skiAccel.get('time')!, BigInt),
  magnetometer: doubles(magnetometer.get('X (µT)')!),
  'magnetometer clock': integers(magnetometer.get('Time (s)')!, 9),
  'pocket accelerometer': singles(pocket.get('x')!),
  'pocket accelerometer as doubles': Float64Array.from(singles(pocket.get('x')!)),
  'pocket accelerometer as text': doubles(pocket.get('x')!),
  'pocket clock': BigInt64Array.from(pocket.get('time_ns')!, BigInt),
  'rotating accelerometer': doubles(rotation.get('acc_x')!),
  gaze: singles(gaze.get('x_px')!).subarray(0, 1024),
  'gaze clock over a pause': BigInt64Array.from(gaze.get('timestamp_ns')!, BigInt),
  'phone accelerometer': doubles(phone.get('x_acc')!).subarray(0, 1024),
  'phone clock': BigInt64Array.from(phone.get('timestamp')!, (cell) => BigInt(cell) * 1_000_000n),
  activity: Int32Array.from(phone.get('label')!, (label) => activities.indexOf(label)),
}

/** The recordings as they were once coded, never rewritten: symbol tables of columns of real length. */
if (process.env.WRITE_GOLDEN && !existsSync('test/golden/column-files-v1.json')) {
  const coded = Object.entries(columns).map(([name, values]) => [
    name,
    Buffer.from(wasmKernels.encodeColumn(values)).toString('base64'),
  ])
  writeFileSync('test/golden/column-files-v1.json', `${JSON.stringify(Object.fromEntries(coded), null, 1)}\n`)
}
const stored = (): Record<string, string> => JSON.parse(readFileSync('test/golden/column-files-v1.json', 'utf8'))

describe.each(implementations)('recordings coded by %s', (_, kernels) => {
  it.each(Object.entries(stored()))('%s, as once coded, still decode to the same bits', (name, coded) => {
    const decoded = kernels.decodeColumn(Uint8Array.from(Buffer.from(coded, 'base64')))
    expect(Buffer.compare(bytesOf(decoded), bytesOf(columns[name]))).toBe(0)
  })

  it.each(Object.keys(columns))('%s comes back bit for bit, dense and fast', (name) => {
    for (const level of ['dense', 'fast'] as const) {
      const decoded = kernels.decodeColumn(kernels.encodeColumn(columns[name], { level }))
      expect(Buffer.compare(bytesOf(decoded), bytesOf(columns[name]))).toBe(0)
    }
  })

  it('reach every mode, flag and coder', () => {
    const reached = new Set<string>()
    for (const values of Object.values(columns)) {
      for (const level of ['dense', 'fast'] as const) {
        const { mode, singlesMode, flags, groups } = partsOf(kernels.encodeColumn(values, { level }))
        for (const part of [mode, ...flags, ...(singlesMode ? [`${mode} ${singlesMode}`] : [])]) reached.add(part)
        for (const group of groups) for (const part of group.split(' ')) reached.add(part)
      }
    }
    const modes = ['RAW', 'BITS', 'DECIMAL', 'MULTIPLE', 'SINGLE', 'SCALED_SINGLE', 'PRINTED_SINGLE', 'HALVES']
    const flags = ['NEGATIVE_ZERO', 'PATCHED', 'STEPS', 'centre', 'step', 'SINGLE MULTIPLE', 'PRINTED_SINGLE MULTIPLE']
    const coders = ['PACKED', 'CLASSES', 'DICTIONARY']
    const missing = [...modes, ...flags, ...coders].filter((part) => !reached.has(part))
    expect(missing).toEqual([])
  })
})
