import { setTimeout as wait } from 'node:timers/promises'
import { fingerprint, operationId } from '../../src/domain/ids.ts'
import { placeOrder } from '../../src/engine/place-order.ts'
import { shopKeys } from '../../src/redis/keys.ts'
import type { Bench } from '../bench.ts'
import { type Row, rowOf } from '../row.ts'
import { inChunks, price, userNames } from '../shops.ts'
import type { Stage } from '../stage.ts'

/** Claims or orders between two drains: the backlog is bounded, and its memory is no part of the figure. */
const partMax = 100_000
/** The upkeep of a worker may still shorten what is finished: it is waited for until a second changes nothing. */
const settledShare = 0.0005
const settleSecondsMax = 120

type Memory = { dataset: number; byKey: Record<string, number> }

/** What a claim and a finished order leave in Redis once Postgres has them. */
export async function measureMemory(bench: Bench): Promise<Row[]> {
  const { shops, sizes, say } = bench
  const count = sizes.memoryEntities
  const shop = await shops.open('memory')
  const users = userNames(count)
  const optionId = await shop.option(count)
  const [coupon = ''] = await shop.coupons(1, count)
  await shops.drain()

  const inParts = async (name: string, act: (part: string[]) => Promise<unknown>) => {
    for (let from = 0; from < count; from += partMax) {
      say(`memory: ${name}, ${from} of ${count}`)
      await act(users.slice(from, from + partMax))
      await shops.drain()
    }
  }
  const order = (user: string) => {
    const scope = { shop: shop.name, userId: user, route: 'bench', idempotencyKey: 'order' }
    const operation = { operationId: operationId(scope), fingerprint: fingerprint(user) }
    const items = [{ optionId, quantity: 1 }]
    const command = { shop: shop.name, userId: user, items, pay: true, ...operation }
    return placeOrder(shop.engine, command, async () => null)
  }

  const beforeClaims = await settledMemory(bench, shop.name)
  await inParts('claims', (part) => shop.claim(coupon, part))
  const afterClaims = await settledMemory(bench, shop.name)
  await inParts('charges', (part) => shop.charge(part, price))
  const beforeOrders = await settledMemory(bench, shop.name)
  await inParts('orders', (part) => inChunks(part.length, (index) => order(part[index] as string)))
  const afterOrders = await settledMemory(bench, shop.name)

  const row = (name: string, bound: number, before: Memory, after: Memory) =>
    rowOf({
      name,
      unit: 'bytes of Redis (dataset), everything in Postgres',
      values: [(after.dataset - before.dataset) / count],
      budget: { bound, what: 'value' },
      details: { count, bytesByKey: differences(before.byKey, after.byKey, count) },
    })
  return [
    row('memory of a claim', 64, beforeClaims, afterClaims),
    row('memory of a finished order', 200, beforeOrders, afterOrders),
  ]
}

/** The memory once the worker has nothing more to tidy up. */
async function settledMemory({ stage }: Bench, shop: string): Promise<Memory> {
  stage.worker.resume()
  try {
    let dataset = await readDataset(stage)
    for (let second = 0; second < settleSecondsMax; second++) {
      await wait(1_000)
      const earlier = dataset
      dataset = await readDataset(stage)
      if (Math.abs(earlier - dataset) <= dataset * settledShare) break
    }
    const keys = shopKeys(shop)
    const sizes = await Promise.all(
      keys.map((key) => stage.redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '1000')),
    )
    const byKey = Object.fromEntries(keys.map((key, index) => [key, Number(sizes[index] ?? 0)]))
    return { dataset, byKey }
  } finally {
    stage.worker.pause()
  }
}

async function readDataset({ redis }: Stage): Promise<number> {
  await redis.call('MEMORY', 'PURGE')
  const info = await redis.info('memory')
  return Number(/^used_memory_dataset:(\d+)/m.exec(info)?.[1])
}

/** What every key that has grown has per entity, by its name without the shop. */
function differences(before: Record<string, number>, after: Record<string, number>, count: number) {
  const grown = Object.entries(after).map(
    ([key, bytes]) =>
      [key.replace(/^.*:/, ''), Math.round((bytes - (before[key] ?? 0)) / count)] as const,
  )
  return Object.fromEntries(grown.filter(([, bytes]) => bytes > 0))
}
