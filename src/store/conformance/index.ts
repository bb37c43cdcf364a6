import type { StoreCase } from './case.js'
import { LOOKUP_CASES } from './lookup-cases.js'
import { STORAGE_CASES } from './storage-cases.js'
import { UPKEEP_CASES } from './upkeep-cases.js'

export type { OpenStore, StoreCase, StoreUnderTest } from './case.js'

/**
 * What every store does, for any test runner: the library's own stores run it, and one of the application's own can.
 *
 * @example
 * for (const { name, run } of storeConformance) test(name, () => run(async () => ({ store: new MyStore() })))
 */
export const storeConformance: readonly StoreCase[] = [...STORAGE_CASES, ...LOOKUP_CASES, ...UPKEEP_CASES]
