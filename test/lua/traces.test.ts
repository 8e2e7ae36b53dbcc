import { expect, it } from 'vitest'
import type { CommandTraces } from '../../src/engine/command-traces.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, value } from '../support/sale.ts'

const redis = await connect()
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Traces the command that stands at this place of each batch. */
function traceNumber(number: number): CommandTraces {
  return { note() {}, follow: (_, send) => send(`${number}=${traceparent}`) }
}

it('an event leads to the request that caused it, where that is traced, and no other does', async () => {
  const sale = await openSale(redis, uniqueShop())
  const engine = sale.engineWith({ traces: traceNumber(2) })
  await Promise.all(['ann', 'bob', 'cem'].map((user) => sale.charge(user, 1, {}, engine)))
  const entries = await redis.xrange(shopKey(sale.shop, 'outbox'), '-', '+')
  expect(entries.map(([, fields]) => [JSON.parse(fields[5] ?? '').userId, fields[7]])).toEqual([
    ['ann', undefined],
    ['bob', traceparent],
    ['cem', undefined],
  ])
})

it('the holds that a traced command expires on its way are its events too', async () => {
  const sale = await openSale(redis, uniqueShop())
  const option = await sale.option({ stock: 1 })
  const lapsing = value(await sale.order('ann', { [option]: 1 }))
  await sale.lapse(lapsing.id)
  const engine = sale.engineWith({ traces: traceNumber(1) })
  value(await sale.order('bob', { [option]: 1 }, {}, engine))
  const entries = await redis.xrange(shopKey(sale.shop, 'outbox'), '-', '+')
  expect(entries.slice(-2).map(([, fields]) => [fields[1], fields[7]])).toEqual([
    ['order_expired', traceparent],
    ['order_placed', traceparent],
  ])
})

it('an order that is traced is read and repeated like any other', async () => {
  const sale = await openSale(redis, uniqueShop())
  const option = await sale.option({ price: 0 })
  const engine = sale.engineWith({ traces: traceNumber(1) })
  const facts = { key: 'order', pay: true }
  const placed = value(await sale.order('ann', { [option]: 1 }, facts, engine))
  expect(await readOrder(redis, sale.shop, placed.id)).toEqual(placed)
  expect(await sale.order('ann', { [option]: 1 }, facts)).toMatchObject({
    replayed: true,
    value: placed,
  })
})
