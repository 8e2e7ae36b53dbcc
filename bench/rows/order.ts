import { operationId } from '../../src/domain/ids.ts'
import { alternate, type Bench, requestsIn } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { cpuPerRequest, describeSides, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { type BenchShop, price, signTokens, userNames } from '../shops.ts'

/** Orders of one user, each with a coupon of another kind. */
export const ordersPerUser = 5

/** A shop in which every order that is going to come can be paid, and by whom, with what. */
export type Buyers = {
  shop: string
  optionId: string
  /** One per order: the orders of a user follow one another. */
  orders: { user: string; userCouponId?: string; key: string }[]
}

/** Gives so many buyers what they need: money, coupons, and one option with a unit for each order. */
export async function prepareBuyers(
  shop: BenchShop,
  count: number,
  { withCoupon }: { withCoupon: boolean },
): Promise<Buyers> {
  const users = userNames(Math.ceil(count / ordersPerUser))
  const optionId = await shop.option(users.length * ordersPerUser)
  await shop.charge(users, price * ordersPerUser)
  const coupons = withCoupon ? await shop.coupons(ordersPerUser, users.length) : []
  const claimed: string[][] = []
  for (const coupon of coupons) claimed.push(await shop.claim(coupon, users))
  const orders = users.flatMap((user, index) =>
    Array.from({ length: ordersPerUser }, (_, number) => {
      const userCouponId = claimed[number]?.[index]
      return { user, key: `${user}-${number}`, ...(userCouponId && { userCouponId }) }
    }),
  )
  return { shop: shop.name, optionId, orders }
}

/** The orders as they come to the API: one unit, paid at once. */
export function orderRequests({ shop, optionId, orders }: Buyers): Buffer[] {
  const users = [...new Set(orders.map(({ user }) => user))]
  const tokens = new Map(signTokens(shop, users).map((token, index) => [users[index], token]))
  return orders.map(({ user, key, userCouponId }) =>
    encodeRequest({
      path: '/v1/orders',
      token: tokens.get(user) as string,
      idempotencyKey: key,
      body: {
        items: [{ optionId, quantity: 1 }],
        ...(userCouponId && { userCouponId }),
        pay: true,
      },
    }),
  )
}

/** The same orders as the arguments of the script, with the same bytes behind them. */
function floorRequests({ shop, optionId, orders }: Buyers): Buffer[] {
  return orders.map(({ user, key, userCouponId = '' }) => {
    const operation = operationId({ shop, userId: user, route: 'floor', idempotencyKey: key })
    const values = [operation, 'fingerprint', user, userCouponId, '', '1', '0', optionId, '1']
    const body = {
      items: [{ optionId, quantity: 1 }],
      ...(userCouponId && { userCouponId }),
      pay: true,
    }
    return encodeRequest({ path: `/${shop}/place-order/${values.join('/')}`, body })
  })
}

/** An order that is paid at once, against the same script called by a server that does nothing else. */
export async function measureOrder(bench: Bench): Promise<Row[]> {
  const rows: Row[] = []
  const floor = await bench.stage.startServer('bench/floors/evalsha-server.ts')
  for (const withCoupon of [true, false]) {
    const measured = await measureOrders(bench, floor, withCoupon)
    rows.push(
      rowOf({
        name: withCoupon ? 'order and pay' : 'order and pay, no coupon',
        unit: 'µs CPU of API and Redis per order',
        values: measured.ours.map((one) => cpuPerRequest(one, ['api', 'redis'])),
        floor: {
          is: 'node:http and one unbatched EVALSHA of the same script',
          values: measured.floor.map((one) => cpuPerRequest(one, ['floor', 'redis'])),
        },
        ...(withCoupon && { budget: { bound: 1.3, what: 'ratio' } }),
        details: describeSides(measured),
      }),
    )
  }
  await floor.stop()
  return rows
}

/** One round of the floor: the script alone, by the server of bench/floors/evalsha-server.ts. */
export async function measureBareOrders(
  { stage, shops, sizes }: Bench,
  floor: Floor,
  { name, round, withCoupon }: { name: string; round: number; withCoupon: boolean },
): Promise<Measured> {
  const shop = await shops.openFloor(`floor-${name}-${round}`)
  const buyers = await prepareBuyers(shop, requestsIn(round, sizes), { withCoupon })
  const result = await measureLoad(
    stage.load,
    { floor: floor.pid, redis: stage.redisPid },
    { port: floor.port, connections: sizes.connections },
    floorRequests(buyers),
  )
  await shop.drop()
  expectAll(result, 201)
  return result
}

type Floor = { pid: number; port: number }

async function measureOrders(
  bench: Bench,
  floor: Floor,
  withCoupon: boolean,
): Promise<Record<'floor' | 'ours', Measured[]>> {
  const { stage, shops, sizes } = bench
  const { api, redisPid: redis, load } = stage
  const { connections } = sizes
  const name = withCoupon ? 'order' : 'order-plain'
  const measured = await alternate<Measured, 'floor' | 'ours'>(bench, name, {
    floor: (round) => measureBareOrders(bench, floor, { name, round, withCoupon }),
    async ours(round) {
      const shop = await shops.open(`${name}-${round}`)
      const requests = orderRequests(
        await prepareBuyers(shop, requestsIn(round, sizes), { withCoupon }),
      )
      const pids = { api: api.pid, redis }
      const result = await measureLoad(load, pids, { port: api.port, connections }, requests)
      expectAll(result, 201)
      return result
    },
  })
  await shops.drain()
  return measured
}
