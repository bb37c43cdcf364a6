import type { SessionStore } from '../port.js'

/** A store made for one case. */
export interface StoreUnderTest {
  /** Empty at first. */
  store: SessionStore
  /** Opens the same place once more, as another process or page does, after `store` was closed; absent when nothing outlives it. */
  reopen?: () => Promise<SessionStore>
}

/** Makes a store in a place of its own. */
export type OpenStore = () => Promise<StoreUnderTest>

/** One thing every store does; `run` throws when this one does not. */
export interface StoreCase {
  name: string
  run(open: OpenStore): Promise<void>
}
