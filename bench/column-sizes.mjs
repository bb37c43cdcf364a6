// What columns take: recordings cut into columns as sessions do, each encoded, decoded again and compared bit for bit.

/** Modes by number, as docs/format.md has them: the one place here that knows how a column's head is laid out. */
const MODE_NAMES = ['RAW', 'BITS', 'DECIMAL', 'MULTIPLE', 'SINGLE', 'SCALED_SINGLE', 'PRINTED_SINGLE', 'HALVES']

function modeOf(column) {
  return MODE_NAMES[(column[0] >> 2) & 7]
}

const bytesOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)

/** How many values of two arrays differ in a bit; all of them if the arrays are of another kind or length. */
function differingValues(given, decoded) {
  if (given.constructor !== decoded.constructor || given.length !== decoded.length) return given.length
  if (bytesOf(given).equals(bytesOf(decoded))) return 0
  const size = given.BYTES_PER_ELEMENT
  let differing = 0
  for (let at = 0; at < given.byteLength; at += size) {
    const range = [at, at + size]
    if (
      !bytesOf(given)
        .subarray(...range)
        .equals(bytesOf(decoded).subarray(...range))
    )
      differing += 1
  }
  return differing
}

/**
 * Encodes each channel in columns of `columnValues`, the last one shorter. Returns the number of values and of columns,
 * the bytes of all, how many columns have which mode, and how many values came back differently.
 */
export function columnSizes(kernels, channels, columnValues, level) {
  const sizes = { values: 0, columns: 0, bytes: 0, modes: {}, differing: 0 }
  for (const channel of channels) {
    for (let from = 0; from < channel.length; from += columnValues) {
      const values = channel.subarray(from, from + columnValues)
      const column = kernels.encodeColumn(values, { level })
      const mode = modeOf(column)
      sizes.values += values.length
      sizes.columns += 1
      sizes.bytes += column.length
      sizes.modes[mode] = (sizes.modes[mode] ?? 0) + 1
      sizes.differing += differingValues(values, kernels.decodeColumn(column))
    }
  }
  return sizes
}
