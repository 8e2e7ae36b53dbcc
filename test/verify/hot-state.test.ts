import { describe, expect } from 'vitest'
import { salesKey } from '../../src/redis/keys.ts'
import { openBooks } from '../workers/books.ts'
import { type CleanSale, dateOf } from './clean-sale.ts'
import { type Corruption, expectEachToBeNamed, moveWatermarkBeyondRedis } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'hot-state',
    when: 'the shop is closed',
    spoil: (sale) => sale.redis.hset(sale.key('meta'), 'state', 'closed'),
    names: (sale) => ({ row: `shop ${sale.shop}`, fact: 'state in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'a hot key is lost',
    spoil: (sale) => sale.redis.del(sale.key('balances')),
    names: () => ({ row: 'hot state balances', fact: 'presence in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'Redis is of another epoch',
    spoil: (sale) => sale.redis.hset(sale.key('meta'), 'epoch', '2'),
    names: (sale) => ({ row: `shop ${sale.shop}`, fact: 'epoch in Redis' }),
  },
  {
    check: 'ranking',
    when: 'a sale is counted twice',
    spoil: async (sale) => {
      const [best] = await sale.redis.zrange(salesKey(sale.shop, new Date()), '0', '0', 'REV')
      await sale.redis.zincrby(salesKey(sale.shop, new Date()), 1, best as string)
    },
    names: () => ({ row: expect.stringMatching(/^sales of product /), fact: 'units in Redis' }),
  },
  {
    check: 'ranking',
    when: "a day's ranking is lost",
    spoil: (sale) => sale.redis.del(salesKey(sale.shop, new Date())),
    names: () => ({ row: expect.stringMatching(/^sales of product /), fact: 'units in Redis' }),
  },
  {
    check: 'outbox',
    when: 'there is a dead letter',
    spoil: (sale) =>
      sale.spoilRow(`insert into dead_letters (shop, event_id, stream_id, type, data, error)
        values ($shop, 5, '0-5', 'order_placed', '{}', 'no items')`),
    names: () => ({ row: 'event 0-5', fact: 'order_placed' }),
  },
  {
    check: 'outbox',
    when: 'a persisted order is still marked as recent',
    spoil: (sale) => sale.redis.hset(sale.key('recents'), 'ann', '1-1 '),
    names: () => ({ row: 'recent event 1-1 of user ann', fact: 'where it is' }),
  },
  {
    check: 'outbox',
    when: 'the watermark is beyond the last event',
    spoil: moveWatermarkBeyondRedis,
    names: () => ({ row: 'outbox', fact: 'watermark, not beyond the last event' }),
  },
  {
    check: 'outbox',
    when: 'an empty outbox has lost events',
    spoil: (sale) =>
      sale.spoilRow(`update outbox_watermarks
        set event_id = 1 << 20, stream_id = '1-0' where shop = $shop`),
    names: () => ({ row: 'outbox', fact: 'watermark of an empty outbox: later events are lost' }),
  },
  {
    check: 'hot-state',
    when: 'the carts are lost',
    spoil: (sale) => sale.redis.del(sale.key('carts')),
    names: () => ({ row: 'hot state carts', fact: 'presence in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'the single-use codes are lost',
    spoil: (sale) => sale.redis.del(sale.key('uniqueCodes')),
    names: () => ({ row: 'hot state uniqueCodes', fact: 'presence in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'Redis has forgotten which keys the shop must have',
    spoil: (sale) => sale.redis.hdel(sale.key('meta'), 'layout'),
    names: (sale) => ({ row: `shop ${sale.shop}`, fact: 'layout in Redis' }),
  },
  {
    check: 'ranking',
    when: 'a refunded unit still counts on the day of its payment',
    spoil: (sale) => sale.redis.zincrby(yesterdaysSales(sale), 1, sale.ids.boots),
    names: (sale) => ({
      row: `sales of product ${sale.ids.boots} on ${dateOf(1)}`,
      fact: 'units in Redis',
    }),
  },
  {
    check: 'ranking',
    when: 'the ranks of a snapshot have a gap',
    spoil: (sale) =>
      sale.spoilRow(`update product_rankings set rank = 3
        where shop = $shop and ranking_date = '${dateOf(1)}' and rank = 2`),
    names: () => ({
      row: expect.stringMatching(new RegExp(`^product \\w+ in the ranking of ${dateOf(1)}$`)),
      fact: 'rank, by its sales',
    }),
  },
  {
    check: 'ranking',
    when: 'equal products of a snapshot have changed places',
    spoil: async (sale) => {
      for (const [rank, place] of [
        [1, 3],
        [2, 1],
        [3, 2],
      ]) {
        await sale.spoilRow(`update product_rankings set rank = ${place}
          where shop = $shop and ranking_date = '${dateOf(1)}' and rank = ${rank}`)
      }
    },
    names: () => ({
      row: expect.stringMatching(new RegExp(`^product \\w+ in the ranking of ${dateOf(1)}$`)),
      fact: 'rank, by its sales',
    }),
  },
  {
    check: 'ranking',
    when: 'a snapshot counts more than was paid',
    spoil: (sale) =>
      sale.spoilRow(`update product_rankings set sales_count = sales_count + 1
        where shop = $shop and ranking_date = '${dateOf(1)}' and rank = 1`),
    names: () => ({
      row: expect.stringMatching(new RegExp(`^product \\w+ in the ranking of ${dateOf(1)}$`)),
      fact: 'sales, within what was paid on that day',
    }),
  },
  {
    check: 'ranking',
    when: 'a product is missing from a snapshot',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_rankings
        where shop = $shop and ranking_date = '${dateOf(1)}' and rank = 2`),
    names: () => ({
      row: expect.stringMatching(new RegExp(`^product \\w+ in the ranking of ${dateOf(1)}$`)),
      fact: 'sales, within what was paid on that day',
    }),
  },
  {
    check: 'ranking',
    when: 'a day has no snapshot',
    spoil: (sale) =>
      sale.spoilRow(`delete from ranking_snapshots
        where shop = $shop and ranking_date = '${dateOf(2)}'`),
    names: () => ({
      row: `ranking of ${dateOf(1)}`,
      fact: 'day before it, as the last snapshot',
    }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})

function yesterdaysSales(sale: CleanSale): string {
  return salesKey(sale.shop, new Date(dateOf(1)))
}
