import { beforeEach, describe, expect, it } from 'vitest'
import type { Lost } from '../../src/engine/accepted.ts'
import { shopKeys } from '../../src/redis/keys.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'

const books = await openBooks()
const { redis, orm } = books

describe('an engine and the epochs of a shop', () => {
  let shop: Shop
  beforeEach(async () => {
    shop = await books.openShop()
    value(await shop.charge('ann', 100))
    await shop.drain()
  })

  const meta = () => `{${shop.shop}}:meta`
  const rebuild = () => rebuildShop({ redis, orm, shop: shop.shop })

  it('meets a new one, and decides once in it what the old one was asked for', async () => {
    await rebuild()
    const charges = await Promise.all([1, 2, 3].map((amount) => shop.charge('ann', amount)))
    expect(charges.map(codeOf)).toEqual(['ok', 'ok', 'ok'])
    expect(await shop.balance('ann')).toBe(106)
    expect(await shop.backlog()).toBe(3)
  })

  it('does not decide in an earlier one than it knows', async () => {
    await rebuild()
    value(await shop.charge('ann', 1))
    await redis.hset(meta(), 'epoch', '1')
    const before = await shop.state()
    expect(codeOf(await shop.charge('ann', 1))).toBe('shop_closed')
    expect(await shop.state()).toEqual(before)
    await redis.hset(meta(), 'epoch', '2')
    value(await shop.charge('ann', 1))
  })

  it('names what it had accepted and no rebuild brought back', async () => {
    const told: [string, number, Lost][] = []
    const by = shop.engineWith({ onLost: (...lost) => told.push(lost) })
    const option = await shop.option()
    await shop.charge('bob', 500, {}, by)
    await shop.drain()
    const lostOrder = value(await shop.order('ann', { [option]: 1 }, {}, by))
    value(await shop.charge('bob', 7, {}, by))
    expect(codeOf(await shop.order('ann', { [option]: 99 }, {}, by))).toBe('sold_out')
    await redis.del(...shopKeys(shop.shop))
    await rebuild()

    value(await shop.charge('ann', 1, {}, by))
    expect(told).toHaveLength(1)
    const [name, epoch, lost] = told[0] as [string, number, Lost]
    expect([name, epoch, lost.forgotten]).toEqual([shop.shop, 2, 0])
    expect(lost.commands.map(([command]) => command)).toEqual(['place-order', 'charge-balance'])
    expect(lost.commands[0]).toContain(lostOrder.id.slice(11))
    expect(lost.commands[1]).toContain('bob')

    // It is told once.
    await rebuild()
    value(await shop.charge('ann', 1, {}, by))
    expect(told).toHaveLength(1)
  })

  it('names it also while nobody asks for anything, and after more than one rebuild', async () => {
    const { by, told } = openTold()
    value(await shop.charge('bob', 7, {}, by))
    await redis.del(...shopKeys(shop.shop))
    await rebuild()
    value(await shop.charge('ann', 1))
    await shop.drain()
    await rebuild()
    expect(told).toEqual([])
    await by.look()
    await by.look()
    expect(told).toEqual([['bob', 7]])
  })

  it('closes a shop whose Redis went back, and names what was neither there nor in Postgres', async () => {
    const { by, told } = openTold()
    value(await shop.charge('ann', 1, {}, by))
    const restore = await shop.backUp()
    value(await shop.charge('bob', 7, {}, by))
    value(await shop.charge('cat', 8, {}, by))
    await restore()
    // Another process knows nothing of what is lost, and decides.
    const other = shop.engineWith()
    for (const amount of [1, 2, 3]) value(await shop.charge('dan', amount, {}, other))

    expect(codeOf(await shop.charge('bob', 9, {}, by))).toBe('shop_closed')
    expect(told).toEqual([
      ['bob', 7],
      ['cat', 8],
    ])
    expect(codeOf(await shop.charge('dan', 4, {}, other))).toBe('shop_closed')
    expect(await rebuild()).toMatchObject({ drained: 4, deadLetters: 0 })
    value(await shop.charge('bob', 9, {}, by))
    expect(await shop.balance('dan')).toBe(6)
    expect(told).toHaveLength(2)
  })

  it('takes no drained event for a lost one', async () => {
    const { by, told } = openTold()
    for (const amount of [1, 2, 3]) {
      value(await shop.charge('ann', amount, {}, by))
      await shop.drain()
    }
    value(await shop.charge('bob', 1))
    await shop.drain()
    value(await shop.charge('ann', 4, {}, by))
    expect(told).toEqual([])
  })

  it('names at a stop what it cannot be sure of', async () => {
    const { by } = openTold()
    value(await shop.charge('bob', 7, {}, by))
    expect(await by.uncertain()).toEqual([])
    await redis.del(...shopKeys(shop.shop))
    const [uncertain] = await by.uncertain()
    expect(uncertain).toMatchObject({ shop: shop.shop, forgotten: 0 })
    expect(uncertain?.commands).toHaveLength(1)
    await shop.drain()
  })

  /** An engine, and user and amount of the charges that it was told to have lost. */
  function openTold() {
    const told: [string, number][] = []
    const by = shop.engineWith({
      onLost: (_shop, _epoch, { commands }) =>
        told.push(
          ...commands.map((command): [string, number] => [command[4] ?? '', Number(command[5])]),
        ),
    })
    return { by, told }
  }
})
