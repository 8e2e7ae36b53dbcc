import type { MikroORM } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { type VerifyReport, verify } from './verify.ts'

export type Verifier = {
  /** Proves the books of a shop. Throws where Redis or Postgres does not answer. */
  verify(shop: string): Promise<VerifyReport>
  close(): Promise<void>
}

/**
 * Verifies for requests. Proving the books of a large shop takes longer than a request may wait for Postgres, so it
 * has connections of its own with time enough.
 *
 * @param parts.orm what requests use: it tells in time that Postgres hangs.
 */
export function openVerifier(parts: {
  redis: RedisClient
  orm: MikroORM
  databaseUrl: string
}): Verifier {
  const { redis, orm, databaseUrl } = parts
  const patientOrm = openOrm(databaseUrl, {
    poolMax: limits.verifyPoolMax,
    statementTimeoutMs: limits.verifyStatementTimeoutMs,
  })
  return {
    async verify(shop) {
      await sql`select 1`.execute(databaseOf(orm))
      return verify({ redis, orm: patientOrm }, shop)
    },
    close: () => patientOrm.close(),
  }
}
