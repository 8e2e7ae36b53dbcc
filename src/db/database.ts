import type { MikroORM } from '@mikro-orm/postgresql'
import type { Kysely } from 'kysely'

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
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(work)
}
