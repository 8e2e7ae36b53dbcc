import type { MikroORM } from '@mikro-orm/postgresql'
import { type Kysely, sql } from 'kysely'

/** The ORM's connections inside or outside a transaction, for plain SQL with bound values; it knows no tables. */
export type Database = Kysely<unknown>

/** The ORM's connections, outside any transaction. */
export function databaseOf(orm: MikroORM): Database {
  return orm.em.fork().getKysely<unknown>() as Database
}

/** Runs reads that all see the same moment. */
export function inSnapshot<Value>(
  db: Database,
  work: (db: Database) => Promise<Value>,
): Promise<Value> {
  return openSnapshot(db).execute(work)
}

/** Runs several works side by side, each on a connection of its own, on one snapshot of the database. */
export async function inOneSnapshot(
  db: Database,
  works: readonly ((db: Database) => Promise<void>)[],
): Promise<void> {
  await inSnapshot(db, async (snapshot) => {
    const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(snapshot)
    const beside = (work: (db: Database) => Promise<void>) =>
      openSnapshot(db).execute(async (same) => {
        await sql`set transaction snapshot ${sql.lit(rows[0]?.id)}`.execute(same)
        await work(same)
      })
    const [first, ...others] = works
    // All have ended before the first failure is told: none goes on behind the back of the caller.
    const ends = await Promise.allSettled([first?.(snapshot), ...others.map(beside)])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  })
}

function openSnapshot(db: Database) {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
}

/**
 * Lets a transaction read page by page in the order of an index. Where the planner takes what is left of a table for
 * short, it would sort all of that for every page, which costs the square of its length.
 */
export async function keepIndexOrder(transaction: Database): Promise<void> {
  await sql`set local enable_sort = off`.execute(transaction)
}
