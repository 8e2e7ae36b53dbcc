import { sql } from 'kysely'
import { afterAll } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { ensureShop, findWatermark } from '../../src/db/shops.ts'
import type { EventData, EventType } from '../../src/domain/events.ts'
import type { FindStoredOrder } from '../../src/domain/stored-order.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { connectRedis, type RedisClient } from '../../src/redis/client.ts'
import { queuePrefix, shopKey, shopKeys } from '../../src/redis/keys.ts'
import { type Drain, drainOutbox } from '../../workers/drain-outbox.ts'
import { createDatabase } from '../support/postgres.ts'
import { redisUrl, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale } from '../support/sale.ts'
import { findStoredOrder } from '../support/stored-orders.ts'

/**
 * Shops with their database, and short ways to fill the outbox of the one and to look into the other.
 *
 * @param options.redisDatabase a logical database of the Redis, where a shop of its own does not keep tests apart.
 * @param options.redisUrl another Redis than that of this run.
 */
export async function openBooks(options: { redisDatabase?: number; redisUrl?: string } = {}) {
  const url = options.redisUrl ?? new URL(`/${options.redisDatabase ?? 0}`, redisUrl()).href
  const redis = connectRedis(url, { name: 'test' })
  redis.on('error', () => {}) // Whoever waits for an answer gets the reason.
  afterAll(() => redis.disconnect())
  await redis.connect()
  const databaseUrl = await createDatabase()
  const orm = openOrm(databaseUrl)
  afterAll(() => orm.close())
  return {
    redis,
    orm,
    redisUrl: url,
    databaseUrl,
    /** Empties the queue. The shops stay, because workers rebuild those that are lost. */
    async clearQueue() {
      const keys = await redis.keys(`${queuePrefix}:*`)
      if (keys.length > 0) await redis.del(keys)
    },
    async openShop(name = uniqueShop(), engine: Partial<Omit<EngineOptions, 'redis'>> = {}) {
      const findStored: FindStoredOrder = (id) => findStoredOrder(orm.em.fork(), name, id)
      const sale = await openSale(redis, name, { ...engine, findStored })
      await ensureShop(databaseOf(orm), sale.shop)
      return { ...sale, ...bookkeeping(sale) }
    },
  }

  function bookkeeping(sale: Sale) {
    const { shop } = sale
    const outbox = shopKey(shop, 'outbox')
    return {
      /** Appends an event as a decision does; returns the id of its entry. */
      append: <Type extends EventType>(type: Type, data: EventData<Type>) =>
        append(redis, outbox, ['type', type, 'v', '1', 'data', JSON.stringify(data)]),
      /** Appends any fields. */
      appendRaw: (...fields: string[]) => append(redis, outbox, fields),
      drain: (options: Partial<Drain> = {}) => drainOutbox({ orm, redis, shop, ...options }),
      reap: () => reapHolds(sale.engine, { shop }),
      backlog: () => redis.xlen(outbox),
      /** Lets Postgres count as persisted what a test took out of the outbox by hand. */
      async recount() {
        const { added, length } = await streamCounts(redis, outbox)
        await sql`update outbox_watermarks set events = ${added - length} where shop = ${shop}`.execute(
          databaseOf(orm),
        )
      },
      /** Takes a copy of the hot state; returns what puts it back, as a backup or a replica that was behind does. */
      async backUp() {
        const keys = shopKeys(shop).slice(0, -1)
        const copies = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
        return async () => {
          for (const [index, key] of keys.entries()) {
            await redis.restore(key, 0, copies[index] as Buffer, 'REPLACE')
          }
        }
      },
      watermark: () => findWatermark(databaseOf(orm), shop),
      /** Rows of a table of this shop, without the shop, in the order of their keys, which are the first columns. */
      async rows(table: string, columns = '*'): Promise<Record<string, unknown>[]> {
        const { rows } = await sql<Record<string, unknown>>`
          select ${sql.raw(columns)} from ${sql.table(table)} as t where shop = ${shop} order by t
        `.execute(orm.em.getKysely())
        return rows.map(({ shop: _, ...row }) => row)
      },
      /**
       * How many transactions wrote what is there of this shop. A batch that Postgres refuses is halved until it is
       * persisted after all, so rows alone do not tell whether a whole batch went well.
       */
      async transactions(): Promise<number> {
        const db = orm.em.getKysely()
        const tables = await sql<{ name: string }>`
          select table_name as name from information_schema.columns
          join information_schema.tables using (table_schema, table_name)
          where table_schema = 'public' and table_type = 'BASE TABLE' and column_name = 'shop'
            and table_name <> 'shops'`.execute(db)
        const found = await Promise.all(
          tables.rows.map(({ name }) =>
            sql<{ id: string }>`
              select distinct xmin::text as id from ${sql.table(name)} where shop = ${shop}
            `.execute(db),
          ),
        )
        return new Set(found.flatMap(({ rows }) => rows.map(({ id }) => id))).size
      },
    }
  }
}

export type Books = Awaited<ReturnType<typeof openBooks>>
export type Shop = Awaited<ReturnType<Books['openShop']>>

async function streamCounts(redis: RedisClient, outbox: string) {
  const info = (await redis.xinfo('STREAM', outbox)) as (string | number)[]
  const count = (name: string) => Number(info[info.indexOf(name) + 1])
  return { added: count('entries-added'), length: count('length') }
}

async function append(redis: RedisClient, outbox: string, fields: string[]): Promise<string> {
  return (await redis.xadd(outbox, '*', ...fields)) as string
}
