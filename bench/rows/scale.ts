import { openRedisCluster, type RedisCluster } from '../../fixtures/redis-cluster.ts'
import { openOrm } from '../../src/db/orm.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { prepareStores } from '../../src/services/prepare.ts'
import { makeDatabase } from '../alternative/schema.ts'
import { alternate, type Bench, requestsIn } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { describeSide, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { type BenchShop, openShops, signTokens, userNames } from '../shops.ts'
import type { Stage } from '../stage.ts'

const unit = 'claims per second, accepted'
const couponsPerUser = 5

/** How many claims API processes take that share a port. */
export async function measureProcesses(bench: Bench): Promise<Row[]> {
  const { stage, shops, sizes } = bench
  const sides: Record<string, (round: number) => Promise<Measured>> = {}
  for (const count of [1, 2, 4]) {
    const api = await stage.startServer('src/server.ts', { API_PROCESSES: String(count) })
    sides[count] = async (round) => {
      const shop = await shops.open(`processes-${count}-${round}`)
      const requests = await claimRequests(shop, requestsIn(round, sizes))
      const pids = { api: api.pid, redis: stage.redisPid }
      const plan = { port: api.port, connections: sizes.connections }
      const measured = await measureLoad(stage.load, pids, plan, requests)
      expectAll(measured, 201)
      return measured
    }
  }
  const measured = await alternate(bench, 'API processes', sides)
  await shops.drain()
  return rowsOf(measured, 'API processes')
}

/** How many claims three nodes of a Redis Cluster take, for one shop and for one on each of them. */
export async function measureShops(bench: Bench): Promise<Row[]> {
  const cluster = await openRedisCluster({ replicaCount: 0 })
  try {
    const { stage, close } = await openOnCluster(bench.stage, cluster)
    try {
      return await measureOn(cluster, { ...bench, stage, shops: openShops(stage) })
    } finally {
      await close()
    }
  } finally {
    await cluster.close()
  }
}

/** The same stage with the cluster as its Redis, and a database of its own. */
async function openOnCluster(stage: Stage, cluster: RedisCluster) {
  const databaseUrl = await makeDatabase(stage.databaseUrl, 'clustered')
  await prepareStores({ redisUrl: cluster.url, databaseUrl })
  const env = { REDIS_URL: cluster.url, DATABASE_URL: databaseUrl }
  const worker = await stage.start('cluster-worker', 'workers/main.ts', /"working"/, env)
  worker.pause()
  // As many as there are shops at most, so that it is not the API that is measured.
  const api = await stage.startServer('src/server.ts', { ...env, API_PROCESSES: '3' })
  const redis = connectRedis(cluster.url, { name: 'bench' })
  redis.on('error', () => {}) // The rejected command tells.
  await redis.connect()
  const orm = openOrm(databaseUrl, { statementTimeoutMs: 0 })
  return {
    stage: { ...stage, databaseUrl, redis, orm, worker, api },
    async close() {
      await Promise.all([worker.stop(), api.stop()])
      redis.disconnect()
      await orm.close()
    },
  }
}

async function measureOn(cluster: RedisCluster, bench: Bench): Promise<Row[]> {
  const { stage, shops, sizes } = bench
  const sides: Record<string, (round: number) => Promise<Measured>> = {}
  for (const count of [1, 3]) {
    sides[count] = async (round) => {
      const perShop = await Promise.all(
        cluster.masters.slice(0, count).map(async (node) => {
          const shop = await shops.open(await cluster.shopOn(node))
          return claimRequests(shop, Math.ceil(requestsIn(round, sizes) / count))
        }),
      )
      // The shops take turns.
      const requests = (perShop[0] ?? []).flatMap((_, index) =>
        perShop.map((list) => list[index] as Buffer),
      )
      const nodes = cluster.masters.map((node, index) => [`redis${index + 1}`, node.pid()] as const)
      const pids = { api: stage.api.pid, ...Object.fromEntries(nodes) }
      const plan = { port: stage.api.port, connections: sizes.connections }
      const measured = await measureLoad(stage.load, pids, plan, requests)
      expectAll(measured, 201)
      return measured
    }
  }
  const measured = await alternate(bench, 'shops of a cluster', sides)
  await shops.drain()
  const off = await shops.verifyAll()
  if (off.length > 0) throw new Error(`The books of the cluster do not hold: ${off.join(', ')}`)
  return rowsOf(measured, 'shops on three nodes')
}

async function claimRequests(shop: BenchShop, count: number): Promise<Buffer[]> {
  const users = userNames(Math.ceil(count / couponsPerUser))
  const coupons = await shop.coupons(couponsPerUser, users.length)
  return signTokens(shop.name, users).flatMap((token) =>
    coupons.map((id) => encodeRequest({ path: `/v1/coupons/${id}/claims`, token })),
  )
}

function rowsOf(measured: Record<string, Measured[]>, xName: string): Row[] {
  return Object.entries(measured).map(([count, rounds]) =>
    rowOf({
      name: `claims, ${xName}: ${count}`,
      unit,
      values: rounds.map(({ requests, seconds }) => requests / seconds),
      details: { ours: describeSide(rounds) },
      point: { line: 'claims', x: Number(count), xName },
    }),
  )
}
