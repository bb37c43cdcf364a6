// What the codec is judged by: its figures, each with the target it is to reach.

/** Sets that must stay below another share of pcodec's bytes than the rest. */
const PCO8_LIMIT = 1.05
const PCO8_LIMITS = {
  'samsung_pocket_accel_215hz time': 1.15,
  'pixel_pocket_accel_405hz value': 0.45,
  'samsung_pocket_accel_215hz value': 0.45,
  'web_devicemotion value': 0.85,
}

const geometricMean = (ratios) => Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
export const perValue = ({ bytes, values }) => bytes / values

/** The figures the codec is judged by, each with what it must not exceed. */
export function sizeGoals(sets, level) {
  const mean = (of, chosen = sets) => geometricMean(chosen.map(of))
  const ofValues = sets.filter(({ part }) => part === 'value')
  const ofTimes = sets.filter(({ part }) => part === 'time')
  const extraBytes = ofTimes.map((set) => (set[level].short.bytes - set[level].long.bytes) / set[level].short.columns)
  const overLimit = sets.filter((set) => pco8Ratio(set, level) > pco8Limit(set))
  return [
    {
      name: 'geometric mean × pcodec level 8 at 1,024 values',
      figure: mean((set) => pco8Ratio(set, level)),
      limit: 0.75,
    },
    { name: 'sets above their own limit × pcodec', figure: overLimit.length, limit: 0 },
    {
      name: 'geometric mean × zstd level 19, whole column',
      figure: mean((set) => perValue(set[level].long) / set.zstd19Whole),
      limit: 0.55,
    },
    {
      name: 'value sets: 128 values × 1,024 values, geometric mean',
      figure: mean((set) => perValue(set[level].short) / perValue(set[level].long), ofValues),
      limit: 1.25,
    },
    { name: 'timestamps: bytes more per column of 128, the worst set', figure: Math.max(...extraBytes), limit: 16 },
  ].map((goal) => ({ ...goal, isMet: goal.figure <= goal.limit }))
}

export const pco8Ratio = (set, level) => perValue(set[level].long) / set.pco8Of1024
export const pco8Limit = ({ name, part }) => PCO8_LIMITS[`${name} ${part}`] ?? PCO8_LIMIT

/** Claims of like kind over all sets: the set with the lowest ratio decides. */
export function speedGoals(results) {
  const kinds = new Map()
  for (const claim of results.flatMap(({ claims }) => claims)) {
    const { what, ours, peer, columnValues } = claim
    const kind = `${what}, columns of ${columnValues.toLocaleString('en')}: ${ours} against ${peer}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), claim])
  }
  return [...kinds].map(([name, claims]) => {
    const worst = claims.reduce((a, b) => (b.ratio < a.ratio ? b : a))
    const mean = geometricMean(claims.map(({ ratio }) => ratio))
    return { name, lowest: worst.ratio, set: worst.set, mean, target: worst.target, isMet: worst.ratio >= worst.target }
  })
}
