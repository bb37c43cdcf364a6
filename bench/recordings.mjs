// Real recordings as columns: the 24 sets of the published baselines, in their order.
import { access, readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

const DIRECTORY = new URL('../../shared/data/', import.meta.url)

/** Decimal places between a unit of time and the nanosecond. */
const NS_PLACES = { s: 9, ms: 6, ns: 0 }

/** Text recordings: which cells hold the time and the channels, and in which unit the time stands. */
const TABLES = {
  iphone12_ski_accel_100hz: { path: 'motion/iphone12_ski_accel_100hz.csv.gz', hasHeader: true, unit: 'ns', at: [2, 5] },
  iphone12_ski_gyro_100hz: { path: 'motion/iphone12_ski_gyro_100hz.csv.gz', hasHeader: true, unit: 'ns', at: [2, 5] },
  iphone_walk_mag_100hz_phyphox: {
    path: 'motion/iphone_walk_mag_100hz_phyphox.csv.gz',
    hasHeader: true,
    unit: 's',
    at: [1, 4],
  },
  neon_gaze_200hz_multipart: { path: 'gaze/neon_gaze_200hz_multipart.csv', hasHeader: true, unit: 'ns', at: [1, 3] },
  neon_headset_imu_quat_110hz: {
    path: 'motion/neon_headset_imu_quat_110hz.csv.gz',
    hasHeader: true,
    unit: 'ns',
    at: [1, 11],
  },
  pixel_pocket_accel_405hz: {
    path: 'motion/pixel_pocket_accel_405hz.csv.gz',
    hasHeader: false,
    unit: 'ns',
    at: [2, 5],
  },
  samsung_pocket_accel_215hz: {
    path: 'motion/samsung_pocket_accel_215hz.csv.gz',
    hasHeader: false,
    unit: 'ns',
    at: [2, 5],
  },
  sapimouse_user74_3min: { path: 'pointer/sapimouse_user74_3min.csv.gz', hasHeader: true, unit: 'ms', at: [3, 5] },
  sync_smartphone_gyro_500hz: { path: 'motion/sync_smartphone_gyro_500hz.csv', hasHeader: true, unit: 's', at: [1, 4] },
  ximu3_short_walk_400hz: { path: 'motion/ximu3_short_walk_400hz.csv.gz', hasHeader: true, unit: 's', at: [1, 7] },
}

/** Integer counts, two bytes each, channels interleaved. */
const COUNTS = {
  endaq_acttest_20khz_4ch: { path: 'vibration/endaq_acttest_20khz_4ch_u16le.bin', channels: 4, isSigned: false },
  mitdb100_360hz_2ch: { path: 'ecg/mitdb100_360hz_2ch_i16le.bin', channels: 2, isSigned: true },
  ssx66115_5khz_3ch: { path: 'vibration/ssx66115_5khz_3ch_u16le.bin', channels: 3, isSigned: false },
}

/** Name and part of each set, in the order of the baselines. */
const ORDER = [
  ['iphone12_ski_accel_100hz', 'time'],
  ['iphone12_ski_accel_100hz', 'value'],
  ['iphone12_ski_gyro_100hz', 'time'],
  ['iphone12_ski_gyro_100hz', 'value'],
  ['iphone_walk_mag_100hz_phyphox', 'value'],
  ['iphone_walk_mag_100hz_phyphox', 'time'],
  ['neon_gaze_200hz_multipart', 'time'],
  ['neon_gaze_200hz_multipart', 'value'],
  ['neon_headset_imu_quat_110hz', 'value'],
  ['neon_headset_imu_quat_110hz', 'time'],
  ['pixel_pocket_accel_405hz', 'value'],
  ['pixel_pocket_accel_405hz', 'time'],
  ['samsung_pocket_accel_215hz', 'value'],
  ['samsung_pocket_accel_215hz', 'time'],
  ['sapimouse_user74_3min', 'time'],
  ['sapimouse_user74_3min', 'value'],
  ['sync_smartphone_gyro_500hz', 'value'],
  ['sync_smartphone_gyro_500hz', 'time'],
  ['ximu3_short_walk_400hz', 'value'],
  ['ximu3_short_walk_400hz', 'time'],
  ['endaq_acttest_20khz_4ch', 'value'],
  ['mitdb100_360hz_2ch', 'value'],
  ['ssx66115_5khz_3ch', 'value'],
  ['web_devicemotion', 'value'],
]

/** A decimal text times 10^`places` as an integer, exactly; what is below a nanosecond is rounded half to even. */
export function parseNanoseconds(text, places) {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e')
  const [whole, fraction = ''] = mantissa.replace(/^[+-]/, '').split('.')
  const shift = places + Number(exponent) - fraction.length
  let magnitude = BigInt(whole + fraction)
  if (shift >= 0) magnitude *= 10n ** BigInt(shift)
  else {
    const divisor = 10n ** BigInt(-shift)
    const twiceRest = 2n * (magnitude % divisor)
    magnitude /= divisor
    if (twiceRest > divisor || (twiceRest === divisor && (magnitude & 1n) === 1n)) magnitude += 1n
  }
  return text.startsWith('-') ? -magnitude : magnitude
}

/** Whether a number is the shortest decimal of a 32-bit float: the sensor then gave that float. */
export function isShortestF32(value) {
  const float = Math.fround(value)
  if (!Number.isFinite(float)) return false
  for (let digits = 1; digits <= 9; digits++) {
    const decimal = Number(float.toPrecision(digits))
    if (Math.fround(decimal) !== float) continue
    // of two equally near decimals toPrecision takes the upper one, others print the even one
    const oneMore = float.toPrecision(digits + 1)
    const isTie = /5(e|$)/.test(oneMore) && Number(oneMore) === float
    return decimal === value || (isTie && Number(value.toPrecision(digits)) === value)
  }
  return false
}

function parseTable(bytes, { hasHeader, unit, at: [from, to] }) {
  const rows = parse(bytes, { from_line: hasHeader ? 2 : 1 })
  const time = BigInt64Array.from(rows, (row) => parseNanoseconds(row[0], NS_PLACES[unit]))
  const channels = []
  for (let at = from; at < to; at++) channels.push(Float64Array.from(rows, (row) => Number(row[at])))
  return { time, channels }
}

/** One Int32Array per channel. */
function splitCounts(bytes, { channels, isSigned }) {
  const Counts = isSigned ? Int16Array : Uint16Array
  // the bytes of a file may begin at any offset
  const counts = new Counts(Uint8Array.from(bytes).buffer)
  const frames = counts.length / channels
  return Array.from({ length: channels }, (_, channel) =>
    Int32Array.from({ length: frames }, (_, frame) => counts[frame * channels + channel]),
  )
}

const tenths = (value) => Math.round(value * 10) / 10
const plainZeros = (values) => values.map((value) => value + 0)
const narrowed = (values) => (values.every(isShortestF32) ? Float32Array.from(values) : values)

/** What a web page gets of the phone's motion: 0.1 m/s² and 0.1 °/s. Small negative values become −0, as in browsers. */
function webMotion(accelChannels, gyroChannels) {
  const degrees = gyroChannels.map((values) => values.map((value) => (value * 180) / Math.PI))
  return [...accelChannels, ...degrees].map((values) => values.map(tenths))
}

/**
 * Loads the recordings.
 *
 * `directory`: URL of the folder of recordings. `floats`: 'narrowest' (default) makes a channel all of whose texts are
 * the shortest decimals of 32-bit floats a Float32Array, small whole numbers too (sapimouse); 'f64' leaves every one a
 * Float64Array, what a session records of numbers pushed. `hasNegativeZeros`: false turns each −0 into 0.
 *
 * Returns the 24 sets, `{ name, part: 'time' | 'value', columns }`, one typed array per channel of the whole recording:
 * times as BigInt64Array of nanoseconds, counts as Int32Array; or undefined where the folder is missing.
 */
export async function loadRecordings({ directory = DIRECTORY, floats = 'narrowest', hasNegativeZeros = true } = {}) {
  const isThere = await access(directory).then(
    () => true,
    () => false,
  )
  if (!isThere) return undefined
  const columns = new Map()
  const whole = new Map()
  for (const [name, table] of Object.entries(TABLES)) {
    const stored = await readFile(new URL(table.path, directory))
    const { time, channels } = parseTable(table.path.endsWith('.gz') ? gunzipSync(stored) : stored, table)
    whole.set(name, channels)
    const values = hasNegativeZeros ? channels : channels.map(plainZeros)
    columns.set(`${name} time`, [time])
    columns.set(`${name} value`, floats === 'f64' ? values : values.map(narrowed))
  }
  for (const [name, layout] of Object.entries(COUNTS)) {
    columns.set(`${name} value`, splitCounts(await readFile(new URL(layout.path, directory)), layout))
  }
  const web = webMotion(whole.get('iphone12_ski_accel_100hz'), whole.get('iphone12_ski_gyro_100hz'))
  columns.set('web_devicemotion value', hasNegativeZeros ? web : web.map(plainZeros))
  return ORDER.map(([name, part]) => ({ name, part, columns: columns.get(`${name} ${part}`) }))
}
