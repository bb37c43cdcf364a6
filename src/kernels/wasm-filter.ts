import type { FilterPlan } from './filter-plan.js'
import { aligned, type WasmArena } from './wasm-arena.js'

/** Lays a filter out at `filterPtr` and gives it its coefficients; returns the pointer behind it. */
export function initFilter(
  arena: WasmArena,
  filterPtr: number,
  plan: FilterPlan,
  channels: number,
  isSingle: boolean,
): number {
  const { exports } = arena
  const { halfTaps, rows, isBlended, stepWhole, stepRest, stepDenominator, coefficients } = plan
  const bytes = aligned(exports.polyphaseBytes(channels, halfTaps, rows, Number(isBlended), Number(isSingle)))
  arena.reserve(filterPtr + bytes - arena.basePtr)
  exports.polyphaseInit(
    filterPtr,
    channels,
    halfTaps,
    rows,
    Number(isBlended),
    Number(isSingle),
    stepWhole,
    stepRest,
    stepDenominator,
  )
  const ptr = exports.polyphaseCoefficientsPtr(filterPtr)
  const target = isSingle ? arena.singles(ptr, coefficients.length) : arena.values(ptr, coefficients.length)
  target.set(coefficients)
  return filterPtr + bytes
}
