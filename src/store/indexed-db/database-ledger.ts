import type { DeliveryLedger, DeliveryProgress } from '../ledger.js'
import type { Connection } from './connection.js'
import { rangeOf } from './lookup.js'
import type { Database } from './schema.js'

/** What was delivered from a database. Not strict: it may lag. */
export class DatabaseLedger implements DeliveryLedger {
  readonly #connection: Connection
  readonly #sink: string

  constructor(connection: Connection, sink: string) {
    this.#connection = connection
    this.#sink = sink
  }

  read(): Promise<Map<string, DeliveryProgress>> {
    return this.#connection.run(async (database) => {
      const store = database.transaction('deliveries').objectStore('deliveries')
      const range = rangeOf([this.#sink])
      const [keys, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)])
      return new Map(keys.map(([, sessionId], i) => [sessionId, values[i]!]))
    })
  }

  write(sessionId: string, progress: DeliveryProgress | undefined): Promise<void> {
    return this.#connection.run(async (database) => {
      const key: [string, string] = [this.#sink, sessionId]
      await (progress ? database.put('deliveries', progress, key) : database.delete('deliveries', key))
    })
  }
}

/** What was delivered of a session, to any sink. */
export async function forgetDeliveries(database: Database, sessionId: string): Promise<void> {
  const tx = database.transaction('deliveries', 'readwrite', { durability: 'strict' })
  // from the first entry of a sink to the first of the next
  for (let cursor = await tx.store.openKeyCursor(); cursor; ) {
    const [sink] = cursor.key
    await tx.store.delete([sink, sessionId])
    cursor = await cursor.continue([sink, []] as never)
  }
  await tx.done
}
