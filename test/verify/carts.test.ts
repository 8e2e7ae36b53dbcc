import { describe } from 'vitest'
import { openBooks } from '../workers/books.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'carts',
    when: 'a line of a cart has another quantity in Redis',
    spoil: (sale) => sale.redis.hset(sale.key('carts'), 'eve', `${sale.ids.large}=5 `),
    names: (sale) => ({ row: 'cart of user eve', fact: `units of ${sale.ids.large} in Redis` }),
  },
  {
    check: 'carts',
    when: 'a cart is lost from Redis',
    spoil: (sale) => sale.redis.hdel(sale.key('carts'), 'eve'),
    names: (sale) => ({ row: 'cart of user eve', fact: `units of ${sale.ids.large} in Redis` }),
  },
  {
    check: 'carts',
    when: 'a line of a cart is lost from Postgres',
    spoil: (sale) => sale.spoilRow(`delete from cart_items where shop = $shop and user_id = 'dan'`),
    names: (sale) => ({ row: 'cart of user dan', fact: `units of ${sale.ids.small} in Redis` }),
  },
  {
    check: 'carts',
    when: 'an ordered line is still in the cart in Postgres',
    spoil: (sale) =>
      sale.spoilRow(`insert into cart_items
        values ($shop, 'dan', '${sale.ids.large}', 3, now(), now())`),
    names: (sale) => ({ row: 'cart of user dan', fact: `units of ${sale.ids.large} in Redis` }),
  },
  {
    check: 'carts',
    when: 'a hot cart cannot be read',
    spoil: (sale) => sale.redis.hset(sale.key('carts'), 'eve', 'three of them'),
    names: () => ({ row: 'cart of user eve', fact: 'record in Redis' }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})
