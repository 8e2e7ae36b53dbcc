import { sql } from 'kysely'
import { expect, it, vi } from 'vitest'
import { inBulkTransaction } from '../../src/db/bulk-transaction.ts'
import { databaseOf } from '../../src/db/database.ts'
import { limits } from '../../src/limits.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
import { enterRoom } from '../../src/waiting-room/enter.ts'
import { openRoom } from '../../src/waiting-room/rooms.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'

const books = await openBooks()
openShopMetrics(books)

it('tells the events of a shop once where one look lasts longer than the next one is away', async () => {
  const shop = await books.openShop()
  value(await shop.charge('ann', 5))
  await shop.drain()
  const scrapes: Promise<string>[] = []
  await inBulkTransaction(books.orm, async (transaction) => {
    await transaction.run('lock table dead_letters in access exclusive mode', [])
    await vi.waitFor(async () => {
      scrapes.push(registry.metrics())
      const { rows } = await sql`
        select from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query like '%dead_letters%'
      `.execute(databaseOf(books.orm))
      expect(rows).toHaveLength(2)
    }, 2_800)
  })
  const sample = `stampede_persisted_events_total{shop="${shop.shop}"} `
  const told = (await Promise.all(scrapes)).map(
    (text) => text.split('\n').find((line) => line.startsWith(sample)) ?? 'nothing',
  )
  expect(new Set(told)).toEqual(new Set([`${sample}1`]))
})

it('tells who waits in the rooms of a shop, and how the Redis is that decides', async () => {
  const shop = await books.openShop()
  const terms = { admitPerSecond: 1, passMs: limits.roomPassMsMin }
  const targets = [
    { kind: 'coupon', id: await shop.coupon({ totalQuantity: 1 }) },
    { kind: 'option', id: await shop.option({ stock: 1 }) },
  ] as const
  for (const target of targets) {
    const room = await openRoom(books.redis, shop.shop, target, terms)
    for (const userId of ['ann', 'bob', 'cat']) {
      await enterRoom(books.redis, shop.shop, target, { room, userId })
    }
  }
  const text = await vi.waitFor(async () => {
    const found = await registry.metrics()
    expect(found).toContain(`stampede_waiting_users{shop="${shop.shop}"}`)
    return found
  }, 5_000)
  // One of each three is admitted: there is a unit for him.
  expect(text).toContain(`stampede_waiting_users{shop="${shop.shop}"} 4\n`)
  const { host } = new URL(books.redisUrl)
  for (const metric of ['memory_bytes', 'cpu_seconds_total']) {
    expect(text).toMatch(
      new RegExp(`^stampede_redis_${metric}\\{node="${host}"\\} [\\d.]*[1-9]`, 'm'),
    )
  }
})
