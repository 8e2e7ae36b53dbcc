import type { RedisOptions } from 'ioredis'
import { parseRedisAddress, type RedisAccess } from '../redis/address.ts'
import { findClusterMasters } from './cluster-check.ts'
import { infoField, withRedis } from './redis-connection.ts'
import { inspectServer, listReplicas, type ServerFindings } from './server-check.ts'

export type RedisFindings = {
  /** For people: name and version, and how many nodes a cluster has. */
  name: string
  /** What could lose an accepted order, e.g. `appendfsync is everysec, must be always`. */
  unsafe: string[]
  /** False where a server does not let us read its settings, as most managed ones. */
  readable: boolean
  /** What is worth knowing and no reason to refuse it. */
  advice: string[]
}

/** One primary: how to reach it, and its name where there are several. */
type Primary = { target: string | RedisOptions; label: string }

/**
 * Looks whether a Redis keeps what it accepted: every server that decides must write each change to disk before it
 * answers, and must never evict; and so must the replicas that a failover puts in its place.
 *
 * @param replicaAcks how many replicas a decision is to wait for.
 * @throws Error where it cannot be reached, is too old, is of another kind than its address says, or has too few
 *   replicas: it would make each decision and then answer that it is unknown.
 */
export async function inspectRedis(url: string, replicaAcks = 0): Promise<RedisFindings> {
  const address = parseRedisAddress(url)
  if (address.kind === 'server') {
    return inspectPrimary({ target: url, label: 'Redis' }, replicaAcks)
  }
  if (address.kind === 'sentinel') {
    const { username, password, tls, name } = address.options
    const access = {
      ...(username && { username }),
      ...(password && { password }),
      ...(tls && { tls }),
    }
    return inspectPrimary({ target: url, label: `The primary ${name}` }, replicaAcks, access)
  }
  const { masters, advice } = await findClusterMasters(address)
  const found: RedisFindings = { name: '', unsafe: [], readable: true, advice }
  for (const { host, port } of masters) {
    const primary = { target: { host, port, ...address.access }, label: `${host}:${port}` }
    const one = await inspectPrimary(primary, replicaAcks, address.access, true)
    found.name = `${one.name}, a cluster of ${masters.length} primaries`
    found.unsafe.push(...one.unsafe)
    found.advice.push(...one.advice)
    found.readable &&= one.readable
  }
  return found
}

/** @param access of its replicas, where one of them may be promoted without us. */
async function inspectPrimary(
  { target, label }: Primary,
  replicaAcks: number,
  access?: RedisAccess,
  isNode = false,
): Promise<RedisFindings> {
  return withRedis(target, async (redis) => {
    const server = await inspectServer(redis)
    expectKind(server.info, isNode)
    const prefix = isNode ? `${label}: ` : ''
    const found: RedisFindings = {
      name: server.name,
      unsafe: server.unsafe.map((problem) => `${prefix}${problem}`),
      readable: server.settings !== null,
      advice: [],
    }
    const replicas = listReplicas(server.info)
    if (replicas.length < replicaAcks) {
      throw new Error(
        `${label} has ${replicas.length} connected replicas, and REPLICA_ACKS is ${replicaAcks}: each decision ` +
          'would be made and then answered with 503. Connect more replicas, or lower REPLICA_ACKS.',
      )
    }
    if (replicas.length > 0) found.advice.push(...adviseReplicas(server, label, replicaAcks))
    for (const replica of access ? replicas : []) {
      const name = `replica ${replica.host}:${replica.port}`
      try {
        const { unsafe } = await withRedis({ ...replica, ...access }, inspectServer)
        found.unsafe.push(...unsafe.map((problem) => `${name}: ${problem}`))
      } catch (error) {
        found.advice.push(`The ${name} could not be looked at: ${(error as Error).message}.`)
      }
    }
    return found
  })
}

function expectKind(info: string, isNode: boolean): void {
  if (infoField(info, 'role') === 'slave') {
    throw new Error('it is a replica, which decides nothing: REDIS_URL must lead to its primary')
  }
  if (!isNode && infoField(info, 'cluster_enabled') === '1') {
    throw new Error(
      'it is a node of a Redis Cluster: write REDIS_URL as redis+cluster://host:port, with one or more of its nodes',
    )
  }
}

function adviseReplicas(server: ServerFindings, label: string, replicaAcks: number): string[] {
  if (replicaAcks === 0) {
    return [
      `${label} has replicas, and REPLICA_ACKS is 0: a failover may lose what was answered in the moment before it.`,
    ]
  }
  const least = server.settings?.['min-replicas-to-write']
  if (least === undefined || Number(least) >= replicaAcks) return []
  return [
    `${label} has min-replicas-to-write ${least}: with ${replicaAcks} it refuses before it decides where replicas ` +
      'are gone, instead of deciding what is then answered with 503.',
  ]
}
