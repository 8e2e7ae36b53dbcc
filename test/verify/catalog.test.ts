import { describe, expect } from 'vitest'
import { openBooks } from '../workers/books.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'catalog',
    when: 'a product has another name in Redis',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { name: 'Trousers' }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'name in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product has a brand in Redis only',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { brand: 'South' }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'brand in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product has another description in Redis',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { description: 'Wet' }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'description in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product is off sale in Redis',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { status: 'INACTIVE' }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'status in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product is of another revision in Redis',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { revision: 3 }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'revision in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product has lost an option in Redis',
    spoil: (sale) => sale.spoilRecord('products', sale.ids.jacket, { optionIds: [sale.ids.small] }),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'options in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product is lost from Redis',
    spoil: (sale) => sale.redis.hdel(sale.key('products'), sale.ids.jacket),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'name in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a hot product cannot be read',
    spoil: (sale) => sale.redis.hset(sale.key('products'), sale.ids.jacket, '{'),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'record in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product is in no list',
    spoil: (sale) => sale.redis.zrem(sale.key('catalog'), sale.ids.jacket),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'place in the catalog in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a product is listed that does not exist',
    spoil: (sale) => sale.redis.zadd(sale.key('catalog'), 99, 'nothing'),
    names: () => ({ row: 'product nothing', fact: 'place in the catalog in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a description of the past has changed in Redis',
    spoil: (sale) => sale.redis.hset(sale.key('products'), `${sale.ids.jacket}:1`, 'Cold'),
    names: (sale) => ({
      row: `product ${sale.ids.jacket} revision 1`,
      fact: 'description in Redis',
    }),
  },
  {
    check: 'catalog',
    when: 'a description of the past is lost from Redis',
    spoil: (sale) => sale.redis.hdel(sale.key('products'), `${sale.ids.jacket}:2`),
    names: (sale) => ({
      row: `product ${sale.ids.jacket} revision 2`,
      fact: 'description in Redis',
    }),
  },
  {
    check: 'catalog',
    when: 'Redis has a description that nobody wrote',
    spoil: (sale) => sale.redis.hset(sale.key('products'), `${sale.ids.jacket}:9`, 'Hot'),
    names: (sale) => ({
      row: `product ${sale.ids.jacket} revision 9`,
      fact: 'description in Redis',
    }),
  },
  {
    check: 'catalog',
    when: 'a product has another description in Postgres',
    spoil: (sale) =>
      sale.spoilRow(`update products set description = null
        where shop = $shop and id = '${sale.ids.jacket}'`),
    names: (sale) => ({
      row: `product ${sale.ids.jacket}`,
      fact: 'description, as its last revision says',
    }),
  },
  {
    check: 'catalog',
    when: 'a revision is missing',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_revisions
        where shop = $shop and product_id = '${sale.ids.jacket}' and revision = 2`),
    names: (sale) => ({ row: `product ${sale.ids.jacket}`, fact: 'revisions, without a gap' }),
  },
  {
    check: 'catalog',
    when: 'the revision that was sold had another name',
    spoil: (sale) =>
      sale.spoilRow(`update product_revisions set name = 'Trousers'
        where shop = $shop and product_id = '${sale.ids.jacket}' and revision = 3`),
    names: (sale) => ({
      row: `order item ${sale.orders.part.id}.1`,
      fact: 'product name, as the revision sold says',
    }),
  },
  {
    check: 'catalog',
    when: 'an option has another price in Redis',
    spoil: (sale) => sale.spoilRecord('options', sale.ids.small, { price: 1 }),
    names: (sale) => ({ row: `option ${sale.ids.small}`, fact: 'price in Redis' }),
  },
  {
    check: 'catalog',
    when: 'an option has an end of sale in Redis only',
    spoil: (sale) => sale.spoilRecord('options', sale.ids.small, { saleEndsAt: 99 }),
    names: (sale) => ({ row: `option ${sale.ids.small}`, fact: 'saleEndsAt in Redis' }),
  },
  {
    check: 'catalog',
    when: 'an option has lost its limit per user in Redis',
    spoil: (sale) => sale.spoilRecord('options', sale.ids.shirt, { perUserLimit: undefined }),
    names: (sale) => ({ row: `option ${sale.ids.shirt}`, fact: 'perUserLimit in Redis' }),
  },
  {
    check: 'catalog',
    when: 'an option holds for another time in Postgres',
    spoil: (sale) =>
      sale.spoilRow(`update product_options set hold_ms = hold_ms + 1
        where shop = $shop and id = '${sale.ids.large}'`),
    names: (sale) => ({ row: `option ${sale.ids.large}`, fact: 'holdMs in Redis' }),
  },
  {
    check: 'catalog',
    when: 'an option repeats an old name of its product',
    spoil: (sale) =>
      sale.spoilRecord('options', sale.ids.small, { productName: 'Jacket', productRevision: 1 }),
    names: (sale) => ({ row: `option ${sale.ids.small}`, fact: 'productName in Redis' }),
  },
  {
    check: 'catalog',
    when: 'an option repeats an old status of its product',
    spoil: (sale) => sale.spoilRecord('options', sale.ids.large, { status: 'OUT_OF_STOCK' }),
    names: (sale) => ({ row: `option ${sale.ids.large}`, fact: 'status in Redis' }),
  },
  {
    check: 'catalog',
    when: "an option's facts are lost from Redis",
    spoil: (sale) => sale.redis.hdel(sale.key('options'), sale.ids.cap),
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'price in Redis' }),
  },
  {
    check: 'catalog',
    when: 'a change of a price is missing from its history',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_price_history
        where shop = $shop and option_id = '${sale.ids.small}' and new_price = 720`),
    names: (sale) => ({
      row: expect.stringMatching(new RegExp(`^price history \\d+ of option ${sale.ids.small}$`)),
      fact: 'old price, as the last change left it',
    }),
  },
  {
    check: 'catalog',
    when: 'the last change of a price is missing from its history',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_price_history
        where shop = $shop and option_id = '${sale.ids.small}' and new_price = 715`),
    names: (sale) => ({
      row: expect.stringMatching(new RegExp(`^price history \\d+ of option ${sale.ids.small}$`)),
      fact: 'new price of the last change, as the option has it',
    }),
  },
  {
    check: 'catalog',
    when: 'a change of a price is listed with another product',
    spoil: (sale) =>
      sale.spoilRow(`update product_price_history set product_id = '${sale.ids.boots}'
        where shop = $shop and option_id = '${sale.ids.small}' and new_price = 720`),
    names: (sale) => ({
      row: expect.stringMatching(new RegExp(`^price history \\d+ of option ${sale.ids.small}$`)),
      fact: 'product',
    }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})
