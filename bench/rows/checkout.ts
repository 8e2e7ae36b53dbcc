import { join } from 'node:path'
import { findFaults, makeAlternative, seedAlternative } from '../alternative/schema.ts'
import { alternate, type Bench, requestsIn } from '../bench.ts'
import { type CpuTimes, openCpuMeter } from '../cpu.ts'
import { openRowCopy, type RowCopy } from '../floors/copy-rows.ts'
import { describeSides, expectAll, type Measured, measureLoad, medians } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { discount, price, userNames } from '../shops.ts'
import {
  type Buyers,
  measureBareOrders,
  orderRequests,
  ordersPerUser,
  prepareBuyers,
} from './order.ts'

/**
 * Connections that the alternative has. The default of its driver is what a shop has that runs more than one process,
 * and between 2 and 16 they hardly matter. With a single one in all, the orders wait in Node and not in Postgres for
 * the one row: the fastest and cheapest way, which a shop has as long as it is one process and waits for nothing else.
 */
const pools = { alternative: 10, serial: 1 }

type Round = {
  load: Measured
  /** Microseconds of the way to Postgres, and how long it took; the alternative has none. */
  drain?: { cpuUs: CpuTimes; seconds: number; copyUs: number }
}

/** A checkout until it is in Postgres, against the same checkout on Postgres alone; and its drain against COPY. */
export async function measureCheckout(bench: Bench): Promise<Row[]> {
  const { stage, sizes } = bench
  const url = await makeAlternative(stage.databaseUrl)
  const startAlternative = (poolMax: number) =>
    stage.startServer('bench/alternative/server.ts', {
      DATABASE_URL: url,
      POOL_MAX: String(poolMax),
    })
  const servers = {
    alternative: await startAlternative(pools.alternative),
    serial: await startAlternative(pools.serial),
  }
  const copy = await openRowCopy({
    databaseUrl: stage.databaseUrl,
    dataFolder: join(stage.folder, 'postgres'),
  })
  const measureAlternative = async (side: keyof typeof servers, round: number): Promise<Round> => {
    const shop = `${side}-${round}`
    const count = round === 0 ? sizes.alternativeWarmUp : sizes.alternativeRequests
    const users = userNames(Math.ceil(count / ordersPerUser))
    await seedAlternative(url, { shop, users: users.length, ordersPerUser, price, discount })
    const requests = orderRequests(buyersOfAlternative(shop, users))
    const { pid: server, port } = servers[side]
    const plan = { port, connections: sizes.connections }
    const pids = { server, postgres: stage.postgresPid }
    const load = await measureLoad(stage.load, pids, plan, requests)
    expectAll(load, 201)
    const faults = await findFaults(url, shop, requests.length)
    if (faults.length > 0) throw new Error(faults.join('; '))
    return { load }
  }
  const bare = await stage.startServer('bench/floors/evalsha-server.ts')
  const measured = await alternate<Round, Side>(bench, 'checkout', {
    bare: async (round) => ({
      load: await measureBareOrders(bench, bare, { name: 'checkout', round, withCoupon: true }),
    }),
    alternative: (round) => measureAlternative('alternative', round),
    serial: (round) => measureAlternative('serial', round),
    ours: (round) => measureOurs(bench, copy, round),
  })
  await copy.close()
  for (const server of [bare, ...Object.values(servers)]) await server.stop()
  return rowsOf(measured)
}

/** `bare` is the script alone, one call per order: the least that an accepted order costs. */
type Side = 'bare' | 'alternative' | 'serial' | 'ours'

/** The orders that `seedAlternative` prepares a shop for. */
function buyersOfAlternative(shop: string, users: string[]): Buyers {
  const orders = users.flatMap((user, index) =>
    Array.from({ length: ordersPerUser }, (_, number) => ({
      user,
      key: `${user}-${number}`,
      userCouponId: `coupon${number}.${index + 1}`,
    })),
  )
  return { shop, optionId: 'hot', orders }
}

/** One round: all orders while the worker rests, then its way through them, then COPY of what it wrote. */
async function measureOurs(
  { stage, shops, sizes }: Bench,
  copy: RowCopy,
  round: number,
): Promise<Round> {
  const { api, worker, redisPid: redis, postgresPid: postgres } = stage
  const shop = await shops.open(`checkout-${round}`)
  const buyers = await prepareBuyers(shop, requestsIn(round, sizes), { withCoupon: true })
  await shops.drain()
  const plan = { port: api.port, connections: sizes.connections }
  const load = await measureLoad(stage.load, { api: api.pid, redis }, plan, orderRequests(buyers))
  expectAll(load, 201)

  const meter = openCpuMeter({ api: api.pid, worker: worker.pid, postgres, redis })
  const startedAt = performance.now()
  const before = meter.read()
  await shops.drain()
  const cpuUs = meter.since(before)
  const seconds = (performance.now() - startedAt) / 1_000
  const copied = await copy.measure(shop.name, openCpuMeter({ postgres, client: process.pid }))
  return { load, drain: { cpuUs, seconds, copyUs: sumOf(copied) } }
}

function rowsOf({ bare, alternative, serial, ours }: Record<Side, Round[]>): Row[] {
  const perOrder = ({ load }: Round, us: number) => us / load.requests
  const cpuOf = (round: Round, names: readonly string[]) =>
    names.reduce((sum, name) => sum + (round.drain?.cpuUs[name] ?? 0), 0)
  const serverUs = ({ load: { cpuUs } }: Round) => sumOf(cpuUs) - (cpuUs.client ?? 0)
  const persisted = ours.map((one) => perOrder(one, serverUs(one) + sumOf(one.drain?.cpuUs ?? {})))
  const accepted = ours.map(({ load }) => load.requests / load.seconds)
  const withDrain = ours.map(
    ({ load, drain }) => load.requests / (load.seconds + (drain?.seconds ?? 0)),
  )
  const is = `the same order as one statement on Postgres alone, behind Hono, ${pools.alternative} connections`
  const isSerial =
    'the same with a single connection, in one process: orders wait in Node, not for the row'
  const isBare = 'node:http and one unbatched EVALSHA of the same script'
  const sides = {
    bare: bare.map(({ load }) => load),
    alternative: alternative.map(({ load }) => load),
    serial: serial.map(({ load }) => load),
    ours: ours.map(({ load }) => load),
  }
  const drainCpuUsPerOrder = medians(
    ours.map((one) => {
      const processes = Object.entries(one.drain?.cpuUs ?? {})
      return Object.fromEntries(processes.map(([name, us]) => [name, perOrder(one, us)]))
    }),
  )
  const details = { ...describeSides(sides), drainCpuUsPerOrder }
  const unit = 'µs CPU of API, Redis, worker and Postgres per paid order'
  const usOf = (rounds: Round[]) => rounds.map((one) => perOrder(one, serverUs(one)))
  const rateOf = (rounds: Round[]) => rounds.map(({ load }) => load.requests / load.seconds)
  const floorRate = rateOf(alternative)
  const copyUs = ours.map((one) => perOrder(one, one.drain?.copyUs ?? 0))
  const leastUs = usOf(bare).map((us, round) => us + (copyUs[round] as number))
  const budget = { bound: 10, what: 'ratio', side: 'least' } as const
  return [
    rowOf({
      name: 'persisted checkout',
      ...{ unit, values: persisted, floor: { is, values: usOf(alternative) } },
      ...{ budget: { bound: 0.2, what: 'ratio' }, details },
    }),
    rowOf({
      name: 'persisted checkout, in series',
      ...{ unit, values: persisted, floor: { is: isSerial, values: usOf(serial) } },
    }),
    rowOf({
      name: 'persisted checkout, in all',
      ...{ unit, values: persisted, budget: { bound: 230, what: 'value' } },
      floor: { is: `${isBare}, and COPY of its rows: the floors of both halves`, values: leastUs },
    }),
    rowOf({
      name: 'one hot product, accepted',
      unit: 'paid orders per second, each in a file on disk',
      ...{ values: accepted, floor: { is, values: floorRate }, budget },
    }),
    rowOf({
      name: 'one hot product, in series',
      unit: 'paid orders per second, each in a file on disk',
      ...{ values: accepted, floor: { is: isSerial, values: rateOf(serial) } },
    }),
    rowOf({
      name: 'one hot product, script alone',
      unit: 'paid orders per second, each in a file on disk',
      ...{ values: accepted, floor: { is: isBare, values: rateOf(bare) } },
    }),
    rowOf({
      name: 'one hot product, persisted',
      unit: 'paid orders per second, the time of their drain included',
      ...{ values: withDrain, floor: { is, values: floorRate } },
    }),
    rowOf({
      name: 'drain',
      unit: 'µs CPU of worker and Postgres per paid order',
      values: ours.map((one) => perOrder(one, cpuOf(one, ['worker', 'postgres']))),
      floor: {
        is: 'binary COPY of the same rows into the same tables, from files of the server',
        values: copyUs,
      },
      budget: { bound: 3, what: 'ratio' },
    }),
    rowOf({
      name: 'drain rate',
      unit: 'paid orders per second that one worker process brings to Postgres',
      values: ours.map(({ load, drain }) => load.requests / (drain?.seconds ?? 1)),
      floor: { is: 'what one API process accepts, each alone on the machine', values: accepted },
      budget: { bound: 1, what: 'ratio', side: 'least' },
    }),
  ]
}

function sumOf(times: CpuTimes): number {
  return Object.values(times).reduce((sum, us) => sum + us, 0)
}
