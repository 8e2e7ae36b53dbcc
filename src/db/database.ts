import type { MikroORM } from '@mikro-orm/postgresql'
import { type Kysely, sql } from 'kysely'
import { limits } from '../limits.ts'

/** The ORM's connections inside or outside a transaction, for plain SQL with bound values; it knows no tables. */
export type Database = Kysely<unknown>

/** The ORM's connections, outside any transaction. */
export function databaseOf(orm: MikroORM): Database {
  return orm.em.fork().getKysely<unknown>() as Database
}

/**
 * Runs reads that all see the same moment. Their transaction may be idle for longer than one that locks rows: while its
 * caller writes to Redis what it has read.
 */
export function inSnapshot<Value>(
  db: Database,
  work: (db: Database) => Promise<Value>,
): Promise<Value> {
  const transaction = db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
  return transaction.execute(async (snapshot) => {
    const longest = sql.lit(`${limits.snapshotIdleMs}ms`)
    await sql`set local idle_in_transaction_session_timeout = ${longest}`.execute(snapshot)
    return work(snapshot)
  })
}

/**
 * Runs several works side by side, each on a connection of its own, on one snapshot of the database. Each transaction
 * ends with its work: Postgres ends one that is idle for long, and one work may take minutes longer than another.
 */
export async function inOneSnapshot(
  db: Database,
  works: readonly ((db: Database) => Promise<void>)[],
): Promise<void> {
  const [first, ...others] = works
  let ended: Promise<void>[] = []
  const firstEnded = inSnapshot(db, async (snapshot) => {
    const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(snapshot)
    const joins = others.map((work) => joinSnapshot(db, rows[0]?.id as string, work))
    ended = joins.map((one) => one.ended)
    // The others can only join while this transaction lasts.
    await Promise.all(joins.map((one) => one.joined))
    await first?.(snapshot)
  })
  // All have ended before the first failure is told: none goes on behind the back of the caller.
  const ends = [...(await Promise.allSettled([firstEnded])), ...(await Promise.allSettled(ended))]
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Runs a work on an exported snapshot. `joined` resolves when it has it, or has failed to get it. */
function joinSnapshot(db: Database, id: string, work: (db: Database) => Promise<void>) {
  const { promise: joined, resolve } = Promise.withResolvers<void>()
  const ended = inSnapshot(db, async (snapshot) => {
    await sql`set transaction snapshot ${sql.lit(id)}`.execute(snapshot)
    resolve()
    await work(snapshot)
  }).finally(resolve)
  ended.catch(() => {}) // Who awaits it later is told.
  return { joined, ended }
}

/**
 * Lets a transaction read page by page in the order of an index. Where the planner takes what is left of a table for
 * short, it would sort all of that for every page, which costs the square of its length.
 */
export async function keepIndexOrder(transaction: Database): Promise<void> {
  await sql`set local enable_sort = off`.execute(transaction)
}
