import { sql } from 'kysely'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { inBulkTransaction } from '../../src/db/bulk-transaction.ts'
import { databaseOf } from '../../src/db/database.ts'
import { countDeadLetters } from '../../src/db/shops.ts'
import { dropDeadLetter, listDeadLetters } from '../../src/dead-letters/dead-letters.ts'
import { retryDeadLetters, retryOldest } from '../../src/dead-letters/retry.ts'
import { ShopClosed } from '../../src/domain/outcome.ts'
import { limits } from '../../src/limits.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'
import { refusing } from './refusals.ts'

const books = await openBooks()
const db = databaseOf(books.orm)
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const place = () => ({ ...books, shop: shop.shop })
const retry = (...ids: string[]) => retryDeadLetters(place(), ids)
const noAnn = { table: 'balance_history', allowed: "user_id <> 'ann'" }
const letters = async () => {
  const page = await listDeadLetters(db, shop.shop, { limit: 10 })
  return page === 'bad_cursor' ? [] : page.items
}
const applied = (ids: string[]) => ids.map((id) => ({ id, result: 'applied' }))

/** The books hold, now and when everything hot was loaded anew from them. */
async function expectBooksToHold() {
  const off = async () => (await verify(books, shop.shop)).checks.flatMap((check) => check.off)
  expect(await off()).toEqual([])
  await rebuildShop(place())
  expect(await off()).toEqual([])
}

/** Begins a retry while somebody changes the watermark, who ends when it waits; tells what came of it. */
async function retryBehind(change: string, id: string): Promise<unknown> {
  let retried: Promise<unknown> | undefined
  await inBulkTransaction(books.orm, async (transaction) => {
    await transaction.run(change, [shop.shop])
    retried = retry(id).catch((error: unknown) => error)
    await vi.waitFor(async () => {
      const { rows } = await sql`
        select from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query like 'select epoch from outbox_watermarks%'
      `.execute(db)
      expect(rows).toHaveLength(1)
    }, 2_500)
  })
  return retried
}

describe('a dead letter whose cause is gone', () => {
  it('gets its rows by a retry, and the books hold again', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    expect(await letters()).toMatchObject([
      { id, status: 'OPEN', type: 'balance_charged', version: '1', tries: 0, triedAt: null },
    ])
    expect(await verify(books, shop.shop)).toMatchObject({ ok: false })
    expect(await retry(id)).toEqual(applied([id]))
    expect(await shop.rows('balances', 'user_id, amount')).toEqual([
      { user_id: 'ann', amount: '5' },
    ])
    expect(await letters()).toEqual([])
    expect(await retry(id)).toEqual([{ id, result: 'not_found' }])
    await expectBooksToHold()
  })

  it('gets them once where several retry it at the same time', async () => {
    const ids = await refusing({ books, shop }, noAnn, async () => {
      for (let charge = 0; charge < 5; charge++) value(await shop.charge('ann', 5))
    })
    const all = await Promise.all([
      retry(...ids),
      retryOldest(place()),
      ...ids.map((id) => retry(id)),
    ])
    const results = all.flatMap((one) => ('results' in one ? one.results : one))
    expect(results.filter(({ result }) => result === 'refused')).toEqual([])
    expect(
      results
        .filter(({ result }) => result === 'applied')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids)
    expect(await shop.rows('balance_history', 'id')).toHaveLength(5)
    await expectBooksToHold()
  })

  it('gets them while drains of the shop are under way', async () => {
    const ids = await refusing({ books, shop }, noAnn, async () => {
      for (let charge = 0; charge < 20; charge++) value(await shop.charge('ann', 1))
    })
    const sell = async () => {
      for (let charge = 0; charge < 60; charge++) {
        value(await shop.charge('ann', 1))
        if (charge % 3 === 0) await shop.drain()
      }
      await shop.drain()
    }
    const retryEach = async () => {
      for (const id of ids) expect(await retry(id)).toEqual(applied([id]))
    }
    await Promise.all([sell(), retryEach()])
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '80' }])
    expect(await shop.watermark()).toMatchObject({ events: 80n })
    await expectBooksToHold()
  })

  it('waits for the batch that a drain is writing', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    const text = 'update outbox_watermarks set updated_at = now() where shop = $1'
    expect(await retryBehind(text, id)).toEqual(applied([id]))
  })

  it('brings those that build on it along: an order, its payment and its refund', async () => {
    const option = await shop.option({ stock: 3 })
    value(await shop.charge('ann', 3_000))
    let id = ''
    const ids = await refusing({ books, shop }, { table: 'orders', allowed: 'false' }, async () => {
      id = value(await shop.order('ann', { [option]: 2 })).id
      value(await shop.pay('ann', id))
      value(await shop.refund(id, { [`${id}.1`]: 1 }))
    })
    expect((await letters()).map(({ type }) => type)).toEqual([
      'order_placed',
      'order_paid',
      'order_refunded',
    ])
    const [last = ''] = ids.slice(-1)
    // Alone it has nothing to build on.
    expect(await retry(last)).toMatchObject([
      { result: 'refused', error: expect.stringMatching(/sold_check/) },
    ])
    expect(await retryOldest(place())).toEqual({ results: applied(ids), more: false })
    expect(await shop.rows('orders', 'id, status, refunded_amount')).toEqual([
      { id, status: 'COMPLETED', refunded_amount: '1000' },
    ])
    await expectBooksToHold()
  })

  it('takes what a later one puts there, although another stays refused', async () => {
    const option = await shop.option({ stock: 1 })
    const allowed = "order_id is null and type <> 'ADJUST'"
    const table = 'product_stock_history'
    const [poison = ''] = [await shop.append('balance_charged', { ...charge, afterAmount: 1 })]
    const ids = await refusing({ books, shop }, { table, allowed }, async () => {
      value(await shop.order('ann', { [option]: 1 }))
      value(await shop.adjust(option, 5))
    })
    value(await shop.order('bob', { [option]: 1 }))
    await shop.drain()
    // The last unit that Postgres knows of is gone, so ann's order has to wait for the adjustment.
    expect((await shop.rows('product_options', 'stock'))[0]).toEqual({ stock: '0' })
    const { results } = await retryOldest(place())
    expect(results.filter(({ result }) => result === 'refused').map(({ id }) => id)).toEqual([
      poison,
    ])
    expect((await letters()).map(({ id }) => id)).toEqual([poison])
    expect(ids.filter((id) => id !== poison)).toHaveLength(2)
    expect((await shop.rows('product_options', 'stock, held'))[0]).toEqual({
      stock: '4',
      held: '2',
    })
  })

  const charge = {
    ...{ id: 'c', fingerprint: 'f', userId: 'eve', amount: 5 },
    ...{ beforeAmount: 0, afterAmount: 5, at: Date.now() },
  }
})

describe('a dead letter', () => {
  it('stays one where it is refused again, with the new reason and a try more', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    await refusing({ books, shop }, { table: 'balances', allowed: 'false' }, async () => {
      expect(await retry(id)).toMatchObject([
        { id, result: 'refused', error: expect.stringMatching(/balances/) },
      ])
      expect(await retryOldest(place())).toMatchObject({ results: [{ id, result: 'refused' }] })
    })
    expect(await letters()).toMatchObject([
      {
        id,
        status: 'OPEN',
        tries: 2,
        triedAt: expect.any(Number),
        error: expect.stringMatching(/balances/),
      },
    ])
    expect(await shop.rows('balance_history')).toEqual([])
    expect(await retry(id)).toEqual(applied([id]))
    await expectBooksToHold()
  })

  it('waits for the next retry where too many wait for each other in a chain', async () => {
    const count = limits.retryPassesMax + 3
    const sqlOf = (text: string) => sql.raw(text).execute(db)
    const ids = await refusing({ books, shop }, noAnn, async () => {
      for (let amount = count; amount > 0; amount--) await shop.charge('ann', amount)
    })
    // The last one has to be there before the last but one, and so on.
    await sqlOf(`create function in_turn() returns trigger language plpgsql as $$
      begin
        if new.amount > 1 + (select count(*) from balance_history where shop = new.shop) then
          raise check_violation using message = 'not its turn';
        end if;
        return new;
      end $$`)
    await sqlOf(
      'create trigger in_turn before insert on balance_history for each row execute function in_turn()',
    )
    const appliedBy = async () =>
      (await retryOldest(place())).results.filter(({ result }) => result === 'applied').length
    expect(await appliedBy()).toBe(limits.retryPassesMax)
    expect(await appliedBy()).toBe(ids.length - limits.retryPassesMax)
    await sqlOf('drop trigger in_turn on balance_history')
    await expectBooksToHold()
  })

  it('stays one where nobody can read it', async () => {
    await shop.appendRaw('type', 'balance_eaten', 'v', '1', 'data', '{}')
    await shop.appendRaw('type', 'balance_charged', 'v', '1', 'data', '{')
    await shop.drain()
    const { results } = await retryOldest(place())
    expect(results.map(({ result }) => result)).toEqual(['refused', 'refused'])
    expect((await letters()).map(({ tries }) => tries)).toEqual([1, 1])
  })

  it('has its turn behind more of them than are retried at once, which nobody can read', async () => {
    const unreadable = Array.from({ length: limits.drainEventsMax }, () =>
      shop.appendRaw('type', 'balance_eaten', 'v', '1', 'data', '{}'),
    )
    await Promise.all(unreadable)
    await shop.drain()
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    const first = await retryOldest(place())
    expect(first.more).toBe(true)
    expect(first.results.filter(({ result }) => result === 'applied')).toEqual([])
    const second = await retryOldest(place())
    expect(second.results.filter(({ result }) => result === 'applied')).toEqual(applied([id]))
  })

  it('stays on record where it is dropped, and verify says so instead of naming a loss', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    const waiting = async () => (await countDeadLetters(db)).get(shop.shop)
    expect(await waiting()).toBe(1)
    expect(await dropDeadLetter(db, shop.shop, { id, reason: 'a test account' })).toMatchObject({
      ...{ id, status: 'DROPPED', dropReason: 'a test account', droppedAt: expect.any(Number) },
    })
    // Nobody is woken for it any more.
    expect(await waiting()).toBe(0)
    expect(await retry(id)).toEqual([{ id, result: 'dropped' }])
    expect(await retryOldest(place())).toEqual({ results: [], more: false })
    const again = await dropDeadLetter(db, shop.shop, { id, reason: 'another word' })
    expect(again).toMatchObject({ dropReason: 'a test account' })
    // Redis has its effect until it is loaded anew.
    const before = await verify(books, shop.shop)
    expect(before.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['balances'])
    await rebuildShop(place())
    expect(await verify(books, shop.shop)).toMatchObject({ ok: true, dropped: 1 })
  })

  it('cannot be retried where the shop was rebuilt without it', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    await rebuildShop(place())
    value(await shop.charge('ann', 7))
    await shop.drain()
    expect(await letters()).toMatchObject([{ id, status: 'STALE' }])
    expect(await retry(id)).toEqual([{ id, result: 'stale' }])
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '7' }])
    // A younger one can.
    const [later = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 1))
    expect(await retryOldest(place())).toEqual({ results: applied([later]), more: false })
  })

  it('waits while the shop is rebuilt', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    await rebuildShop({
      ...place(),
      failpoints: {
        begun: async () => void (await expect(retry(id)).rejects.toThrow(ShopClosed)),
        loaded: async () => void (await expect(retry(id)).rejects.toThrow(ShopClosed)),
      },
    })
    expect(await letters()).toMatchObject([{ id, status: 'STALE', tries: 0 }])
  })

  it('is not given rows that a rebuild may have missed', async () => {
    const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 5))
    // A rebuild that has raised the epoch loads what there is, and the retry had found the shop open.
    const raise = 'update outbox_watermarks set epoch = epoch + 1 where shop = $1'
    expect(await retryBehind(raise, id)).toBeInstanceOf(ShopClosed)
    expect(await letters()).toMatchObject([{ id, status: 'OPEN', tries: 0 }])
    const note = `with noted as (
        insert into rebuilds select shop, epoch, stream_id from outbox_watermarks where shop = $1
      ) update outbox_watermarks set updated_at = now() where shop = $1`
    expect(await retryBehind(note, id)).toEqual([{ id, result: 'stale' }])
    expect(await letters()).toMatchObject([{ id, status: 'STALE', tries: 0 }])
    expect(await shop.rows('balances')).toEqual([])
  })

  it('is in the state that a rebuild loads, or in neither store, where both begin at once', async () => {
    for (let round = 1; round <= 5; round++) {
      const [id = ''] = await refusing({ books, shop }, noAnn, () => shop.charge('ann', 1))
      const [retried] = await Promise.allSettled([retry(id), rebuildShop(place())])
      const left = (await letters()).filter((letter) => letter.id === id)
      if (left.length === 0) expect(retried).toMatchObject({ value: applied([id]) })
      else expect(left).toMatchObject([{ status: 'STALE', tries: 0 }])
      const { checks } = await verify(books, shop.shop)
      expect(checks.filter(({ ok, name }) => !ok && name !== 'outbox')).toEqual([])
    }
  })
})
