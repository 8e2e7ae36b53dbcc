import { setTimeout as wait } from 'node:timers/promises'
import { shopKey } from '../../src/redis/keys.ts'
import type { Bench } from '../bench.ts'
import { describeSide, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import type { BenchShop } from '../shops.ts'
import type { Stage } from '../stage.ts'
import { mean, percentile } from '../statistics.ts'
import { orderRequests, prepareBuyers } from './order.ts'

const loadShare = 0.8
const sampleMs = 50
/** Rounds' worth of orders by which the highest rate is found: long enough for the drain to get in the way. */
const searchRounds = 3

type Sample = { lagMs: number; backlog: number }

/** How far Postgres is behind while paid orders come at a steady rate, everything on this machine. */
export async function measureLag(bench: Bench): Promise<Row[]> {
  const { say, sizes } = bench
  say('lag: highest rate')
  const highest = await orderWhileDrained(bench, 'lag-highest', searchRounds * sizes.requests)
  const highestRate = highest.load.requests / highest.load.seconds
  const rate = Math.max(1, Math.floor(highestRate * loadShare))
  say(`lag: ${rate} orders per second for ${sizes.lagSeconds} s`)
  const { load, samples } = await orderWhileDrained(bench, 'lag', rate * sizes.lagSeconds, rate)

  const lags = samples.map(({ lagMs }) => lagMs)
  const third = Math.ceil(samples.length / 3)
  const backlog = samples.map((sample) => sample.backlog)
  const first = mean(backlog.slice(0, third))
  const last = mean(backlog.slice(-third))
  return [
    rowOf({
      name: 'persistence lag',
      unit: `ms behind, 99 of 100 looks, at ${loadShare * 100} % of the highest accepted rate`,
      values: [percentile(lags, 0.99)],
      budget: { bound: 1_000, what: 'value' },
      details: {
        highestPerSecond: Math.round(highestRate),
        perSecond: rate,
        seconds: sizes.lagSeconds,
        lagMs: { p50: percentile(lags, 0.5), max: percentile(lags, 1) },
        ours: describeSide([load]),
      },
    }),
    rowOf({
      name: 'backlog growth',
      unit: 'of what was accepted between the first and the last third of the time',
      values: [(last - first) / (load.requests * (2 / 3))],
      budget: { bound: 0.01, what: 'value' },
      details: { meanBacklog: { firstThird: Math.round(first), lastThird: Math.round(last) } },
    }),
  ]
}

/** Orders with a worker that drains meanwhile. */
async function orderWhileDrained(
  { stage, shops, sizes }: Bench,
  name: string,
  count: number,
  rate?: number,
): Promise<{ load: Measured; samples: Sample[] }> {
  const { api, worker, redisPid: redis, postgresPid: postgres } = stage
  const shop = await shops.open(name)
  const buyers = await prepareBuyers(shop, count, { withCoupon: true })
  await shops.drain()
  const pids = { api: api.pid, worker: worker.pid, redis, postgres }
  const plan = { port: api.port, connections: sizes.connections, ...(rate && { rate }) }
  const requests = orderRequests(buyers)
  const samples: Sample[] = []
  let isOver = false
  const sampleOften = async () => {
    while (!isOver) {
      samples.push(await sample(stage, shop))
      await wait(sampleMs)
    }
  }
  worker.resume()
  try {
    const sampling = sampleOften()
    sampling.catch(() => {}) // It is heard of when the load has ended.
    const load = await measureLoad(stage.load, pids, plan, requests)
    isOver = true
    await sampling
    expectAll(load, 201)
    return { load, samples }
  } finally {
    isOver = true
    await shops.drain()
  }
}

/** The age of the oldest event that Postgres lacks, by the clock that dated it. */
async function sample({ redis }: Stage, shop: BenchShop): Promise<Sample> {
  const [[oldest], [seconds, microseconds], backlog] = await Promise.all([
    redis.xrange(shopKey(shop.name, 'outbox'), '-', '+', 'COUNT', 1),
    redis.time(),
    shop.backlog(),
  ])
  const now = Number(seconds) * 1_000 + Number(microseconds) / 1_000
  const lagMs = oldest ? Math.max(0, now - Number.parseInt(oldest[0], 10)) : 0
  return { lagMs, backlog }
}
