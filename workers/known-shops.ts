import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { listWatermarks } from '../src/db/shops.ts'

/**
 * The shops that Postgres knows. While it is away the last answer stands: shops come rarely, and the upkeep of their
 * hot state must not wait for Postgres.
 *
 * @throws where there was no answer yet.
 */
export function openKnownShops(orm: MikroORM): () => Promise<string[]> {
  let known: string[] | undefined
  return async () => {
    try {
      known = (await listWatermarks(databaseOf(orm))).map(({ shop }) => shop)
    } catch (error) {
      if (!known) throw error
    }
    return known
  }
}
