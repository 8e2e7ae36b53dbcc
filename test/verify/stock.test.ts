import { describe } from 'vitest'
import { openBooks } from '../workers/books.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'stock',
    when: 'Redis has one free unit too many',
    spoil: (sale) => sale.redis.hincrby(sale.key('options'), `${sale.ids.cap}:free`, 1),
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'free in Redis' }),
  },
  {
    check: 'stock',
    when: "an option's counters are lost from Redis",
    spoil: (sale) => {
      const { cap } = sale.ids
      return sale.redis.hdel(sale.key('options'), `${cap}:free`, `${cap}:held`, `${cap}:sold`)
    },
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'free in Redis' }),
  },
  {
    check: 'stock',
    when: 'an adjustment is missing from the stock history',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_stock_history
        where shop = $shop and type = 'ADJUST' and option_id = '${sale.ids.shirt}'`),
    names: (sale) => ({
      row: `option ${sale.ids.shirt}`,
      fact: 'stock + held + sold against the supply in the stock history',
    }),
  },
  {
    check: 'stock',
    when: 'Postgres counts one unit sold too many',
    spoil: (sale) =>
      sale.spoilRow(
        `update product_options set sold = sold + 1 where shop = $shop and id = '${sale.ids.cap}'`,
      ),
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'sold against completed orders' }),
  },
  {
    check: 'stock',
    when: 'units that came back with a refund are missing from the stock history',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_stock_history
        where shop = $shop and type = 'REFUND' and order_id = '${sale.orders.whole.id}'`),
    names: (sale) => ({
      row: `option ${sale.ids.small}`,
      fact: 'stock against the sum of its history',
    }),
  },
  {
    check: 'stock',
    when: 'units that did not come back with a refund are free in Redis',
    spoil: async (sale) => {
      await sale.redis.hincrby(sale.key('options'), `${sale.ids.large}:free`, 1)
      await sale.redis.hincrby(sale.key('options'), `${sale.ids.large}:sold`, -1)
    },
    names: (sale) => ({ row: `option ${sale.ids.large}`, fact: 'sold in Redis' }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})
