import type { RedisAddress, ServerAddress } from '../redis/address.ts'
import { infoField, withRedis } from './redis-connection.ts'

const slotCount = 16_384

/**
 * Asks the first node that answers for the masters of its cluster.
 *
 * @returns the masters that serve slots, with what is worth knowing of the cluster.
 * @throws Error where no node answers, or the cluster does not work as a whole.
 */
export async function findClusterMasters({
  nodes,
  access,
}: Extract<RedisAddress, { kind: 'cluster' }>): Promise<{
  masters: ServerAddress[]
  advice: string[]
}> {
  const failures: string[] = []
  for (const { host, port } of nodes) {
    try {
      return await withRedis({ host, port, ...access }, async (redis) => {
        const info = String(await redis.cluster('INFO'))
        const slots = await redis.cluster('SLOTS')
        const masters = new Map<string, ServerAddress>()
        for (const [, , serving] of slots) {
          const [masterHost, masterPort] = serving ?? ['', port]
          // A node that was never told its own address names none: it is the one that we asked.
          const master = { host: masterHost || host, port: masterPort }
          masters.set(`${master.host}:${master.port}`, master)
        }
        return { masters: [...masters.values()], advice: judgeState(info) }
      })
    } catch (error) {
      failures.push(`${host}:${port}: ${explain((error as Error).message)}`)
    }
  }
  throw new Error(failures.join('; '))
}

function judgeState(info: string): string[] {
  const count = (name: string) => Number(infoField(info, name))
  if (count('cluster_slots_assigned') < slotCount) {
    throw new Error(`${slotCount - count('cluster_slots_assigned')} of its slots belong to no node`)
  }
  if (infoField(info, 'cluster_state') !== 'ok') {
    throw new Error('cluster_state is not ok: too many of its masters are gone')
  }
  const missing = slotCount - count('cluster_slots_ok')
  return missing > 0
    ? [
        `${missing} slots of the cluster are without a node: shops in them are closed until it is back.`,
      ]
    : []
}

function explain(message: string): string {
  return /cluster support disabled/i.test(message)
    ? 'it is no node of a Redis Cluster: write REDIS_URL as redis://host:port'
    : message
}
