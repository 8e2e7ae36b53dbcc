import { limits } from '../../src/limits.ts'
import type { Rebuilt } from '../../workers/rebuild-shop.ts'
import type { Bench } from '../bench.ts'
import { runCommand } from '../command.ts'
import { openCpuMeter } from '../cpu.ts'
import { encodeRequest } from '../load/requests.ts'
import { cpuPerRequest, describeSide, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { seedShop } from '../seed-shop.ts'
import { type BenchShop, signTokens, userNames } from '../shops.ts'
import { orderRequests, prepareBuyers } from './order.ts'

const acceptedUnit = 'µs CPU of API and Redis per request'
const smallest = 10_000

/** What a request, the drain, a rebuild and a proof cost in a shop of so many users, options and rows of history. */
export async function measureGrowth(bench: Bench): Promise<Row[]> {
  const rows: Row[] = []
  // The first shop warms everything up.
  await measureShop(bench, smallest, 'warm-up')
  for (let size = smallest; size <= bench.sizes.largest; size *= 10) {
    rows.push(...(await measureShop(bench, size, 'growth')))
  }
  return rows
}

async function measureShop(bench: Bench, size: number, name: string): Promise<Row[]> {
  const { stage, shops, sizes, say } = bench
  const shop = await shops.open(`${name}-${size}`)
  const options = size / 10
  say(`growth: writing ${size} users with coupon and history, and ${options} options`)
  await seedShop(stage.databaseUrl, shop.name, { users: size, options })
  const flags = ['--shop', shop.name, '--json']
  const rebuilt = await runCommand(stage, ['rebuild', ...flags])
  say(`growth: requests in a shop of ${size}`)
  const claims = await claim(bench, shop)
  const buyers = await prepareBuyers(shop, sizes.requests, { withCoupon: true })
  await shops.drain()
  const orders = await sendAll(bench, orderRequests(buyers))
  const meter = openCpuMeter({ worker: stage.worker.pid, postgres: stage.postgresPid })
  const before = meter.read()
  await shops.drain()
  const drain = meter.since(before)
  const verified = await runCommand(stage, ['verify', ...flags])

  const row = (line: string, unit: string, value: number, details: object) =>
    rowOf({
      name: `${line}, ${size.toLocaleString('en-US')} users`,
      unit,
      values: [value],
      details: { ...details },
      point: { line, x: size, xName: 'users of the shop' },
    })
  const drainUs = (drain.worker ?? 0) + (drain.postgres ?? 0)
  const perOrder = 'µs CPU of worker and Postgres per order'
  const took = (JSON.parse(rebuilt.output) as Rebuilt).tookMs / 1_000
  return [
    row('claim', acceptedUnit, cpuPerRequest(claims, ['api', 'redis']), {
      ours: describeSide([claims]),
    }),
    row('order and pay', acceptedUnit, cpuPerRequest(orders, ['api', 'redis']), {
      ours: describeSide([orders]),
    }),
    row('drain', perOrder, drainUs / orders.requests, {}),
    row('rebuild', 's', took, rebuilt.costs),
    row('verify', 's', verified.costs.seconds, verified.costs),
  ]
}

/** What an order costs while so many events wait for Postgres. */
export async function measureBacklog(bench: Bench): Promise<Row[]> {
  const { shops, sizes, say } = bench
  const rows: Row[] = []
  const room = limits.backlogEventsMax - 3 * sizes.requests
  for (let size = smallest; size <= sizes.largest; size *= 10) {
    const backlog = Math.min(size, room)
    say(`backlog: ${backlog} events`)
    const shop = await shops.open(`backlog-${backlog}`)
    const requests = orderRequests(await prepareBuyers(shop, sizes.requests, { withCoupon: true }))
    const missing = Math.max(0, backlog - (await shop.backlog()))
    const [coupon = ''] = await shop.coupons(1, missing + 1)
    await shop.claim(coupon, userNames(missing, 'waiting'))
    const measured = await sendAll(bench, requests)
    rows.push(
      rowOf({
        name: `order and pay, ${backlog.toLocaleString('en-US')} undrained`,
        unit: acceptedUnit,
        values: [cpuPerRequest(measured, ['api', 'redis'])],
        details: { ours: describeSide([measured]) },
        point: { line: 'order and pay', x: backlog, xName: 'events that wait for Postgres' },
      }),
    )
    await shops.drain()
    if (backlog === room) break
  }
  return rows
}

async function claim(bench: Bench, shop: BenchShop): Promise<Measured> {
  const users = userNames(Math.ceil(bench.sizes.requests / 5))
  const coupons = await shop.coupons(5, users.length)
  const requests = signTokens(shop.name, users).flatMap((token) =>
    coupons.map((id) => encodeRequest({ path: `/v1/coupons/${id}/claims`, token })),
  )
  return sendAll(bench, requests)
}

/** Sends what the API must accept, all of it. */
async function sendAll({ stage, sizes }: Bench, requests: Buffer[]): Promise<Measured> {
  const { api, redisPid: redis, load } = stage
  const plan = { port: api.port, connections: sizes.connections }
  const measured = await measureLoad(load, { api: api.pid, redis }, plan, requests)
  expectAll(measured, 201)
  return measured
}
