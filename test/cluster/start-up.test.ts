import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openRedisCluster, type RedisCluster } from '../../fixtures/redis-cluster.ts'
import { type RedisProcess, safeSettings, startRedis } from '../../fixtures/redis-process.ts'
import { until } from '../../src/services/processes.ts'
import { resolveFor } from '../services/folder.ts'

const elsewhere = { DATABASE_URL: 'postgresql://localhost/elsewhere', JWT_SECRET: 'x'.repeat(32) }
const findServices = (REDIS_URL: string, lines: string[] = [], more = {}) =>
  resolveFor({ ...elsewhere, REDIS_URL, ...more }, lines)

describe('a Redis Cluster at the start', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await openRedisCluster()
  })
  afterAll(() => cluster.close())

  it('is used, with a word on replicas that nobody waits for', async () => {
    const lines: string[] = []
    const { redisUrl } = await findServices(cluster.url, lines)
    expect(redisUrl).toBe(cluster.url)
    const [first] = cluster.masters
    expect(lines).toEqual([
      `127.0.0.1:${first?.port} has replicas, and REPLICA_ACKS is 0: a failover may lose what was answered in the ` +
        'moment before it.',
    ])
  })

  it('is found by any one of its nodes', async () => {
    const oneOf = `redis+cluster://127.0.0.1:1,127.0.0.1:${cluster.replica.port}`
    expect((await findServices(oneOf)).redisUrl).toBe(oneOf)
  })

  it('is refused where any node could lose an order, replicas included', async () => {
    const [, second] = cluster.masters
    await second?.direct.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await cluster.replica.direct.config('SET', 'appendfsync', 'everysec')
    onTestFinished(async () => {
      await second?.direct.config('SET', 'maxmemory-policy', 'noeviction')
      await cluster.replica.direct.config('SET', 'appendfsync', 'always')
    })
    const refusal = findServices(cluster.url)
    await expect(refusal).rejects.toThrow(
      `127.0.0.1:${second?.port}: maxmemory-policy is allkeys-lru, must be noeviction`,
    )
    await expect(refusal).rejects.toThrow(
      `replica 127.0.0.1:${cluster.replica.port}: appendfsync is everysec, must be always`,
    )
  })

  it('is refused where it could not keep what REPLICA_ACKS asks for', async () => {
    const waiting = findServices(cluster.url, [], { REPLICA_ACKS: '1' })
    await expect(waiting).rejects.toThrow(
      /has 0 connected replicas, and REPLICA_ACKS is 1: each decision would be made and then answered with 503/,
    )
  })

  it('is told apart from a single server', async () => {
    await expect(findServices(`redis://127.0.0.1:${cluster.nodes[0]?.port}`)).rejects.toThrow(
      'it is a node of a Redis Cluster: write REDIS_URL as redis+cluster://host:port',
    )
  })

  it('is refused while slots belong to nobody', async () => {
    const [first] = cluster.masters
    const lone = await startRedis(safeSettings({ 'cluster-enabled': 'yes' }))
    onTestFinished(() => lone.remove())
    expect(first?.port).not.toBe(lone.port)
    await expect(findServices(`redis+cluster://127.0.0.1:${lone.port}`)).rejects.toThrow(
      '16384 of its slots belong to no node',
    )
  })
})

describe('a server with a replica at the start', () => {
  let primary: RedisProcess
  let replica: RedisProcess
  beforeAll(async () => {
    primary = await startRedis()
    replica = await startRedis(safeSettings({ replicaof: `127.0.0.1 ${primary.port}` }))
    const isFollowed = async () =>
      (await primary.direct.info('replication')).includes('state=online')
    expect(await until(isFollowed, 10_000)).toBe(true)
  })
  afterAll(() => Promise.all([primary.remove(), replica.remove()]))

  it('is used where it has the replicas that are waited for, with advice', async () => {
    const lines: string[] = []
    await findServices(primary.url, lines, { REPLICA_ACKS: '1' })
    expect(lines.join()).toContain('Redis has min-replicas-to-write 0: with 1 it refuses')
    await primary.direct.config('SET', 'min-replicas-to-write', '1')
    const none: string[] = []
    await findServices(primary.url, none, { REPLICA_ACKS: '1' })
    expect(none).toEqual([])
  })

  it('is refused where it has too few', async () => {
    const waiting = findServices(primary.url, [], { REPLICA_ACKS: '2' })
    await expect(waiting).rejects.toThrow('Redis has 1 connected replicas, and REPLICA_ACKS is 2')
  })

  it('is refused where it is the replica', async () => {
    await expect(findServices(replica.url)).rejects.toThrow('REDIS_URL must lead to its primary')
  })

  it('is no cluster', async () => {
    await expect(findServices(`redis+cluster://127.0.0.1:${primary.port}`)).rejects.toThrow(
      'it is no node of a Redis Cluster: write REDIS_URL as redis://host:port',
    )
  })

  it('says that it evicts also where it hides its settings', async () => {
    await primary.direct.acl('SETUSER', 'app', 'on', '>pass', '~*', '+@all', '-config')
    await primary.direct.config('SET', 'maxmemory-policy', 'allkeys-lru')
    onTestFinished(async () => {
      await primary.direct.config('SET', 'maxmemory-policy', 'noeviction')
    })
    const hidden = primary.url.replace('//', '//app:pass@')
    await expect(findServices(hidden)).rejects.toThrow('maxmemory-policy is allkeys-lru')
  })
})
