import { sql } from 'kysely'
import { expect, it, vi } from 'vitest'
import { inBulkTransaction } from '../../src/db/bulk-transaction.ts'
import { databaseOf } from '../../src/db/database.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
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
