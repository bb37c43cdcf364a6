import type { StreamDescriptor } from '../../read/index.js'
import { formatRate } from './quantity.js'

interface StreamOnGrid extends Pick<StreamDescriptor, 'resampledHz' | 'resampleMethod' | 'resampleQuality'> {
  effectiveRateHz: number
  ingested: number
  produced: number
}

/** A line that says how a stream was resampled; none if it was not. */
export function gridText(name: string, stream: StreamOnGrid): string[] {
  const { resampledHz, resampleMethod, resampleQuality, effectiveRateHz, ingested, produced } = stream
  if (resampledHz === undefined) return []
  const method = resampleQuality === undefined ? resampleMethod : `${resampleMethod}, ${resampleQuality}`
  const came = `${ingested} at ${formatRate(effectiveRateHz)}`
  return [`${name}: resampled to ${formatRate(resampledHz)} (${method}), ${produced} frames of ${came}`]
}
