// How fast columns are coded beside the reference and what users would pick, on real recordings.
import { measure, repeated, timesSlower } from './harness.mjs'
import { loadPeers } from './peers.mjs'

const BLOCK_VALUES = 16_384
const COLUMN_VALUES = 1024
const FLOAT_SETS = ['web_devicemotion', 'samsung_pocket_accel_215hz', 'iphone12_ski_gyro_100hz']
/** 32-bit floats that a page pushes as numbers. */
const WIDE_SET = 'samsung_pocket_accel_215hz'
const TIME_SETS = ['iphone12_ski_accel_100hz', 'samsung_pocket_accel_215hz', 'sapimouse_user74_3min']
/** Counts per mV of the ECG, and the count of 0 mV. */
const ECG_SCALE = 200
const ECG_ZERO = 1024

/** Each channel's first 16,384 values, in columns. */
function columnsOf(channels, columnValues) {
  return channels.flatMap((channel) =>
    Array.from({ length: BLOCK_VALUES / columnValues }, (_, index) =>
      channel.slice(index * columnValues, (index + 1) * columnValues),
    ),
  )
}

/** The plain loop a user writes before packing: counts from decimals, then differences. */
function deltasOf(values, scale, offset) {
  const deltas = new Int32Array(values.length)
  let last = 0
  for (let index = 0; index < values.length; index++) {
    const count = Math.round(values[index] * scale) + offset
    deltas[index] = count - last
    last = count
  }
  return deltas
}

/** One group: candidates on the same columns, `encode` given one column after the other. */
class Group {
  constructor(what, set, columns) {
    this.what = what
    this.set = set
    this.columns = columns
    this.values = columns.reduce((sum, { length }) => sum + length, 0)
    this.bytesPerValue = columns[0].BYTES_PER_ELEMENT
    this.candidates = []
    this.claims = []
  }

  add(name, code, inputs = this.columns) {
    const codeAll = () => {
      for (const input of inputs) code(input)
    }
    this.candidates.push({ name, codeAll })
    return this
  }

  /** `ours` takes at most 1/`target` of the time of `peer`. */
  claim(ours, peer, target) {
    this.claims.push({ ours, peer, target })
    return this
  }

  async run(rounds) {
    const candidates = this.candidates.map(({ name, codeAll }) => repeated(name, codeAll, this.values))
    const rows = await measure(candidates, { rounds })
    const rowOf = (wanted) => rows.find(({ name }) => name === wanted)
    const columnValues = this.columns[0].length
    return {
      what: this.what,
      set: this.set,
      columnValues,
      rows: rows.map(({ name, nsPerUnit, q1, q3, ratio }) => {
        return { name, nsPerUnit, q1, q3, ratio, megabytesPerSecond: (1e3 * this.bytesPerValue) / nsPerUnit }
      }),
      claims: this.claims.map(({ ours, peer, target }) => {
        return {
          what: this.what,
          ours,
          peer,
          target,
          set: this.set,
          columnValues,
          ratio: timesSlower(rowOf(peer), rowOf(ours)),
        }
      }),
    }
  }
}

const fast = (kernels) => (values) => kernels.encodeColumn(values, { level: 'fast' })
const dense = (kernels) => (values) => kernels.encodeColumn(values, { level: 'dense' })

function integerGroups({ wasm, reference }, peers, channels) {
  const counts = columnsOf(channels, BLOCK_VALUES)
  const millivolts = counts.map((column) => Float64Array.from(column, (count) => (count - ECG_ZERO) / ECG_SCALE))
  const deltas = millivolts.map((column) => deltasOf(column, ECG_SCALE, ECG_ZERO))
  const groupOf = (set, columns) =>
    new Group('integer fast path', set, columns)
      .add('fast', fast(wasm))
      .add('fast, reference', fast(reference))
      .add('protobufjs packed sint32 of ready deltas', peers.packedSint32, deltas)
      .claim('fast', 'fast, reference', 8)
      .claim('fast', 'protobufjs packed sint32 of ready deltas', 4)
  return [
    groupOf('mitdb100_360hz_2ch counts', counts),
    groupOf('mitdb100_360hz_2ch mV', millivolts).add('protobufjs packed sint32, deltas made there', (column) =>
      peers.packedSint32(deltasOf(column, ECG_SCALE, ECG_ZERO)),
    ),
  ]
}

function floatGroup({ wasm, reference }, peers, set, columns) {
  return new Group('encode floats', set, columns)
    .add('fast', fast(wasm))
    .add('dense', dense(wasm))
    .add('fast, reference', fast(reference))
    .add('zstd-wasm level 3', peers.zstd3)
    .add('gzip level 6', peers.gzip6)
    .claim('fast', 'zstd-wasm level 3', 20)
    .claim('fast', 'gzip level 6', 50)
    .claim('dense', 'zstd-wasm level 3', 4)
    .claim('dense', 'gzip level 6', 10)
}

function decodeGroup({ wasm, reference }, set, columns) {
  const decode = (kernels) => (column) => kernels.decodeColumn(column)
  const encoded = columns.map(fast(wasm))
  return new Group('decode fast', set, columns)
    .add('wasm', decode(wasm), encoded)
    .add('reference', decode(reference), encoded)
    .claim('wasm', 'reference', 4)
}

function timeGroup({ wasm, reference }, set, columns) {
  return new Group('encode timestamps', set, columns)
    .add('fast', fast(wasm))
    .add('fast, reference', fast(reference))
    .add('dense', dense(wasm))
    .add('dense, reference', dense(reference))
    .claim('fast', 'fast, reference', 3.5)
    .claim('dense', 'dense, reference', 3.5)
}

/**
 * Times every group, one after the other; the candidates of a group are interleaved. `wide`: the recordings again, text
 * as 64-bit floats.
 */
export async function columnSpeed(builds, recordings, wide, { rounds }) {
  const peers = await loadPeers()
  const channelsOf = (name, part, sets = recordings) =>
    sets.find((set) => set.name === name && set.part === part).columns
  const ecg = channelsOf('mitdb100_360hz_2ch', 'value')
  const groups = integerGroups(builds, peers, ecg)
  for (const columnValues of [COLUMN_VALUES, BLOCK_VALUES]) {
    for (const set of FLOAT_SETS) {
      groups.push(floatGroup(builds, peers, set, columnsOf(channelsOf(set, 'value'), columnValues)))
    }
    const wideColumns = columnsOf(channelsOf(WIDE_SET, 'value', wide), columnValues)
    groups.push(floatGroup(builds, peers, `${WIDE_SET} as 64-bit floats`, wideColumns))
    for (const set of ['mitdb100_360hz_2ch', ...FLOAT_SETS]) {
      groups.push(decodeGroup(builds, set, columnsOf(channelsOf(set, 'value'), columnValues)))
    }
    for (const set of TIME_SETS) {
      groups.push(timeGroup(builds, set, columnsOf(channelsOf(set, 'time'), columnValues)))
    }
  }
  const results = []
  for (const group of groups) results.push(await group.run(rounds))
  return results
}
