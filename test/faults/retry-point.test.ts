import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { retryOldest } from '../../src/dead-letters/retry.ts'
import { verify } from '../../src/verify/verify.ts'
import { refusing } from '../dead-letters/refusals.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import type { RetryMoment, RetryOrder } from './crashing-retry.ts'

const books = await openBooks()
const moments: RetryMoment[] = [
  { message: 'delete from dead_letters', isSent: true },
  { message: 'copy', isSent: true },
  { message: 'commit', isSent: false },
  { message: 'commit', isSent: true },
]

async function retryAndDie(order: RetryOrder): Promise<void> {
  const child = fork(join(import.meta.dirname, 'crashing-retry.ts'))
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  const ended = once(child, 'exit')
  child.send(order)
  expect(await ended, 'how it ended').toEqual([null, 'SIGKILL'])
}

it.each(moments)(
  'leaves all or nothing where a retry is killed at its $message (sent: $isSent)',
  async (moment) => {
    const shop = await books.openShop()
    const option = await shop.option()
    value(await shop.charge('ann', 2_000))
    const ids = await refusing({ books, shop }, { table: 'orders', allowed: 'false' }, async () => {
      const { id } = value(await shop.order('ann', { [option]: 2 }))
      value(await shop.pay('ann', id))
    })
    expect(ids).toHaveLength(2)
    const { redisUrl, databaseUrl } = books
    await retryAndDie({ redisUrl, databaseUrl, shop: shop.shop, moment })

    // A drain waits until Postgres has ended the transaction of the dead one, or has committed it.
    value(await shop.charge('bob', 1))
    await shop.drain()
    const rows = async () => {
      const tables = ['orders', 'order_items', 'payments', 'dead_letters']
      const all = await Promise.all(tables.map((table) => shop.rows(table)))
      return all.map(({ length }) => length).join(' ')
    }
    const after = await rows()
    expect(
      moment.isSent && moment.message === 'commit' ? ['1 1 1 0', '0 0 0 2'] : ['0 0 0 2'],
    ).toContain(after)
    await retryOldest({ ...books, shop: shop.shop })
    expect(await rows()).toBe('1 1 1 0')
    expect(await verify(books, shop.shop)).toMatchObject({ ok: true })
  },
  30_000,
)
