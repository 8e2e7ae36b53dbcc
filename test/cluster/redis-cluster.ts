import { newId } from '../../src/domain/ids.ts'
import { queuePrefix } from '../../src/redis/keys.ts'
import { until } from '../../src/services/processes.ts'
import { infoField } from '../../src/services/redis-connection.ts'
import { type RedisProcess, type Settings, safeSettings, startRedis } from './redis-process.ts'

export type RedisCluster = Awaited<ReturnType<typeof openRedisCluster>>
export type ClusterNode = RedisProcess & { id: string }

const slotCount = 16_384

/**
 * Starts a Redis Cluster of three masters and joins them. The first one has the queue and a replica.
 *
 * @param options.settings on top of what Stampede asks for.
 * @param options.replicaCount how many of the masters have a replica.
 */
export async function openRedisCluster(
  options: { settings?: Settings; replicaCount?: number } = {},
) {
  const { replicaCount = 1 } = options
  const settings = safeSettings({
    'cluster-enabled': 'yes',
    // Who waits for a failover takes a shorter one; others must not see any on a busy machine.
    'cluster-node-timeout': '10000',
    'cluster-require-full-coverage': 'no',
    // A replica that was cut off for a while may still be promoted: the tests want to see what happens then.
    'cluster-replica-validity-factor': '0',
    ...options.settings,
  })
  const nodes: ClusterNode[] = await Promise.all(
    Array.from({ length: 3 + replicaCount }, async () => {
      const node = await startRedis(settings)
      return { ...node, id: (await node.direct.cluster('MYID')) as string }
    }),
  )
  const [first, second, third, ...replicas] = nodes as [
    ClusterNode,
    ClusterNode,
    ClusterNode,
    ...ClusterNode[],
  ]
  const masters: [ClusterNode, ClusterNode, ClusterNode] = [first, second, third]
  const replica = replicas[0] as ClusterNode
  await join(masters, replicas)

  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    /** The masters as they were at the start; the first one has the queue. */
    masters,
    /** The replica of the first master. */
    replica,
    /** The name of a new shop whose slot this node has. */
    async shopOn(node: ClusterNode): Promise<string> {
      for (;;) {
        const shop = `test-${newId()}`
        if ((await ownerOf(shop)) === node.port) return shop
      }
    },
    /** Resolves when the replica of the first master has its slots. */
    async failedOver(): Promise<void> {
      const isPromoted = async () =>
        roleOf(await second.direct.cluster('NODES'), replica) === 'master'
      await reach(
        async () => (await isPromoted()) && (await roleInfo(replica)) === 'master',
        'failover',
      )
    },
    /** Resolves when a node serves as the replica of another one, with all its data. */
    async follows(node: ClusterNode): Promise<void> {
      await reach(() => isInSync(node), `port ${node.port} in sync`)
    },
    /**
     * Cuts the replica off, so that it falls behind from here on: it asks to be fed again and is refused. Unlike a
     * frozen one it has nothing in its socket that it would still apply.
     */
    async cutReplication(): Promise<void> {
      await first.direct.acl('SETUSER', 'default', '-psync', '-sync')
      await first.direct.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await reach(async () => (await connectedReplicas(first)) === 0, 'the replica to be cut off')
    },
    /** Feeds the replica again, and resolves when it has everything. */
    async resumeReplication(): Promise<void> {
      await first.direct.acl('SETUSER', 'default', '+psync', '+sync')
      await reach(() => isInSync(replica), 'the replica to be in sync')
    },
    /** Moves the slot of a shop, with a look in the middle: some of its keys are on this node, some on that. */
    async moveSlot(
      shop: string,
      from: ClusterNode,
      to: ClusterNode,
      halfway: () => Promise<void>,
    ): Promise<void> {
      const slot = Number(await from.direct.cluster('KEYSLOT', `{${shop}}`))
      await to.direct.cluster('SETSLOT', slot, 'IMPORTING', from.id)
      await from.direct.cluster('SETSLOT', slot, 'MIGRATING', to.id)
      const keys = (await from.direct.cluster('GETKEYSINSLOT', slot, 100)) as string[]
      const move = (some: string[]) =>
        from.direct.migrate('127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...some)
      await move(keys.slice(0, keys.length / 2))
      await halfway()
      await move(keys.slice(keys.length / 2))
      for (const node of [to, from]) await node.direct.cluster('SETSLOT', slot, 'NODE', to.id)
    },
    /** Resolves when every node sees all slots served. */
    healthy: () => reach(() => isHealthy(nodes), 'the cluster to be healthy'),
    async close(): Promise<void> {
      await Promise.all(nodes.map((node) => node.remove()))
    },
  }

  async function ownerOf(shop: string): Promise<number> {
    const slot = Number(await second.direct.cluster('KEYSLOT', `{${shop}}`))
    const ranges = await second.direct.cluster('SLOTS')
    const [, , master] = ranges.find(([from, to]) => slot >= from && slot <= to) ?? []
    return master?.[1] ?? 0
  }
}

/** Gives each master a third of the slots, the first one that of the queue, and the replicas their masters. */
async function join(masters: ClusterNode[], replicas: ClusterNode[]): Promise<void> {
  const [first] = masters as [ClusterNode]
  const queueSlot = Number(await first.direct.cluster('KEYSLOT', queuePrefix))
  const third = Math.ceil(slotCount / 3)
  const turn = Math.floor(queueSlot / third)
  for (const [index, { direct }] of masters.entries()) {
    const from = ((index + turn) % 3) * third
    await direct.cluster('SET-CONFIG-EPOCH', index + 1)
    await direct.call('CLUSTER', 'ADDSLOTSRANGE', from, Math.min(from + third, slotCount) - 1)
  }
  const everyone = [...masters, ...replicas]
  for (const { port } of everyone.slice(1)) await first.direct.cluster('MEET', '127.0.0.1', port)
  const knowsAll = async ({ direct }: ClusterNode) =>
    infoField(String(await direct.cluster('INFO')), 'cluster_known_nodes') === `${everyone.length}`
  await reach(async () => (await Promise.all(everyone.map(knowsAll))).every(Boolean), 'all to meet')
  for (const [index, replica] of replicas.entries()) {
    await replica.direct.cluster('REPLICATE', (masters[index] as ClusterNode).id)
    await reach(() => isInSync(replica), 'the replica to be in sync')
  }
  await reach(() => isHealthy(everyone), 'the cluster to be healthy')
}

async function isHealthy(nodes: ClusterNode[]): Promise<boolean> {
  const states = nodes.map(async ({ direct }) => {
    const info = (await direct.cluster('INFO')) as string
    return (
      infoField(info, 'cluster_state') === 'ok' && infoField(info, 'cluster_slots_ok') === '16384'
    )
  })
  return (await Promise.all(states)).every(Boolean)
}

async function isInSync({ direct }: ClusterNode): Promise<boolean> {
  const info = await direct.info('replication').catch(() => '')
  return infoField(info, 'role') === 'slave' && infoField(info, 'master_link_status') === 'up'
}

async function roleInfo({ direct }: ClusterNode): Promise<string | undefined> {
  return infoField(await direct.info('replication').catch(() => ''), 'role')
}

async function connectedReplicas({ direct }: ClusterNode): Promise<number> {
  return Number(infoField(await direct.info('replication'), 'connected_slaves'))
}

/** What a node says of another one: `master` only where it is not taken for dead. */
function roleOf(nodes: unknown, { id }: ClusterNode): string | undefined {
  const line = String(nodes)
    .split('\n')
    .find((one) => one.startsWith(id))
  const flags = line?.split(' ')[2]?.split(',') ?? []
  return flags.includes('fail')
    ? 'fail'
    : flags.find((flag) => flag === 'master' || flag === 'slave')
}

async function reach(condition: () => Promise<boolean>, what: string): Promise<void> {
  if (!(await until(condition, 20_000))) throw new Error(`Waited in vain for ${what}`)
}
