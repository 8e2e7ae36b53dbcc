import { beforeEach, describe, expect, it } from 'vitest'
import { listBalanceHistory } from '../../src/db/balance-history.ts'
import { listOrders } from '../../src/db/orders.ts'
import { createUser, findUser } from '../../src/db/users.ts'
import { codeOf, value } from '../support/sale.ts'
import { findOrder } from '../support/stored-orders.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop
const em = () => books.orm.em.fork()

beforeEach(async () => {
  shop = await books.openShop()
})

describe('orders in Postgres', () => {
  it('come back as they were decided', async () => {
    const optionId = await shop.option({ price: 1_000 })
    const plain = await shop.option({ price: 1, optionValue: undefined })
    const { userCouponId } = value(await shop.claim(await shop.coupon(), 'ann'))
    value(await shop.charge('ann', 9_000))
    const decided = [
      value(await shop.order('ann', { [optionId]: 2, [plain]: 1 }, { userCouponId, pay: true })),
      value(await shop.order('ann', { [plain]: 1 })),
    ]
    const pending = value(await shop.order('ann', { [plain]: 1 }))
    decided.push(value(await shop.cancel('ann', pending.id)))
    await shop.drain()
    for (const { balanceChange, userCouponStatus, ...order } of decided) {
      expect(await findOrder(em(), shop.shop, order.id)).toEqual(order)
    }
    expect(await findOrder(em(), shop.shop, 'none')).toBeNull()
    expect(await findOrder(em(), 'other', decided[0]?.id as string)).toBeNull()
  })

  it('are listed newest first, page by page, of one user, by status', async () => {
    const optionId = await shop.option({ price: 1_000, stock: 100 })
    const ids: string[] = []
    for (let index = 0; index < 5; index++) {
      ids.push(value(await shop.order('ann', { [optionId]: 1 })).id)
    }
    value(await shop.order('bob', { [optionId]: 1 }))
    value(await shop.cancel('ann', ids[2] as string))
    await shop.drain()
    ids.sort().reverse()

    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listOrders(em(), shop.shop, 'ann', { limit: 2, cursor })
      if (page === 'bad_cursor') throw new Error(page)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(ids)
    expect(
      await listOrders(em(), shop.shop, 'ann', { status: 'CANCELLED', limit: 4 }),
    ).toMatchObject({ items: [{ status: 'CANCELLED' }], nextCursor: null })
  })

  for (const cursor of ['', 'x', '!!!!', Buffer.from("'; drop table").toString('base64url')]) {
    it(`refuse ${JSON.stringify(cursor)} as a cursor`, async () => {
      expect(await listOrders(em(), shop.shop, 'ann', { limit: 2, cursor })).toBe('bad_cursor')
      expect(await listBalanceHistory(em(), shop.shop, 'ann', { limit: 2, cursor })).toBe(
        'bad_cursor',
      )
    })
  }
})

describe('the balance history in Postgres', () => {
  it('is listed newest first, page by page', async () => {
    value(await shop.charge('ann', 100))
    value(await shop.charge('bob', 100))
    const optionId = await shop.option({ price: 30 })
    const order = value(await shop.order('ann', { [optionId]: 1 }, { pay: true }))
    value(await shop.charge('ann', 5))
    await shop.drain()
    const first = await listBalanceHistory(em(), shop.shop, 'ann', { limit: 2 })
    if (first === 'bad_cursor') throw new Error(first)
    expect(first.items).toMatchObject([
      { type: 'CHARGE', amount: 5, beforeAmount: 70, afterAmount: 75, orderId: null },
      { type: 'DEDUCT', amount: 30, beforeAmount: 100, afterAmount: 70, orderId: order.id },
    ])
    expect(first.items[1]?.at).toBe(order.payment?.paidAt)
    expect(
      await listBalanceHistory(em(), shop.shop, 'ann', {
        limit: 2,
        cursor: first.nextCursor as string,
      }),
    ).toMatchObject({ items: [{ amount: 100 }], nextCursor: null })
  })
})

describe('users in Postgres', () => {
  const create = (id: string, email?: string) =>
    createUser(em(), { shop: shop.shop, id, name: 'Ann', email })

  it('are created once, with an email of their own in the shop', async () => {
    expect(value(await create('ann', 'Ann@example.org'))).toEqual({
      id: 'ann',
      name: 'Ann',
      email: 'Ann@example.org',
    })
    expect(codeOf(await create('ann', 'other@example.org'))).toBe('user_exists')
    expect(codeOf(await create('ann', 'ann@example.org'))).toBe('user_exists')
    expect(codeOf(await create('bob', 'ann@EXAMPLE.org'))).toBe('email_taken')
    expect(codeOf(await create('bob'))).toBe('ok')
    const other = await books.openShop()
    expect(
      codeOf(
        await createUser(em(), { shop: other.shop, id: 'a', name: 'A', email: 'ann@example.org' }),
      ),
    ).toBe('ok')
  })

  it('that events made before are completed, not refused', async () => {
    value(await shop.charge('ann', 1))
    await shop.drain()
    expect(await findUser(em(), shop.shop, 'ann')).toEqual({ id: 'ann', name: null, email: null })
    expect(codeOf(await create('ann', 'ann@example.org'))).toBe('ok')
    expect(await findUser(em(), shop.shop, 'ann')).toEqual({
      id: 'ann',
      name: 'Ann',
      email: 'ann@example.org',
    })
    expect(await findUser(em(), shop.shop, 'nobody')).toBeNull()
  })

  it('are created once where many ask for it at once', async () => {
    const codes = await Promise.all(
      Array.from({ length: 20 }, async () => codeOf(await create('ann'))),
    )
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
  })
})
