import { sql } from 'kysely'
import { openOrm } from './orm.ts'

/** Any fixed number does, as long as nothing else of this database uses it. */
const migrationLock = 7_811_432

/**
 * Brings the database to the newest schema. Safe when several processes start at once: one migrates, the others
 * wait for its lock and then find nothing to do.
 *
 * @returns the names of the migrations that this call ran.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  // One connection holds the lock while the other migrates, for as long as the tables need.
  const orm = openOrm(databaseUrl, { poolMax: 2, statementTimeoutMs: 0 })
  try {
    return await orm.em
      .getKysely()
      .connection()
      .execute(async (connection) => {
        await sql`select pg_advisory_lock(${migrationLock})`.execute(connection)
        try {
          return (await orm.migrator.up()).map(({ name }) => name)
        } finally {
          await sql`select pg_advisory_unlock(${migrationLock})`.execute(connection)
        }
      })
  } finally {
    await orm.close()
  }
}
