import { Cluster, type ClusterOptions, type Command, Redis, type RedisOptions } from 'ioredis'
import { limits } from '../limits.ts'
import { parseRedisAddress } from './address.ts'
import { redisScripts } from './scripts.ts'

/** A connection to one Redis or to a Redis Cluster: whoever uses it need not know which. */
export type RedisClient = Redis | Cluster

/**
 * A connection for decisions and reads. It fails fast: while Redis is gone a command is refused at once, and one
 * that was under way is not sent again behind the caller's back, because only the caller knows its idempotency key.
 * What a node of a cluster sends on to another one, it has not executed, and the client follows.
 *
 * @param url one of the forms of src/redis/address.ts.
 */
export function connectRedis(url: string, options: { name: string }): RedisClient {
  const scripts = redisScripts()
  return openClient(url, {
    redis: {
      connectionName: options.name,
      commandTimeout: limits.redisCommandTimeoutMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // A short, steady rhythm: the engine is down until the connection is back.
      retryStrategy: (attempt) => Math.min(50 * attempt, 500),
      connectTimeout: 2_000,
      // A server that froze closes nothing, and behind another connection there may be its successor.
      socketTimeout: limits.redisSilenceMs,
      lazyConnect: true,
    },
    alone: { scripts },
    cluster: {
      scripts,
      lazyConnect: true,
      clusterRetryStrategy: (attempt) => Math.min(50 * attempt, 500),
      // A connection that broke under a command, a node without a cluster, a slot on its way: no second attempt.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      retryDelayOnTryAgain: 0,
    },
    Cluster: FailFastCluster,
  })
}

/**
 * Opens the client that fits the address.
 *
 * @param options.redis holds for every connection, `options.alone` only for one server, `options.cluster` only for
 *   the cluster as a whole.
 */
export function openClient(
  url: string,
  options: {
    redis: RedisOptions & { replyMapping?: 'legacy' }
    alone?: RedisOptions
    cluster: Omit<ClusterOptions, 'redisOptions'>
    Cluster: new (...parameters: ConstructorParameters<typeof PatientCluster>) => Cluster
  },
): RedisClient {
  const address = parseRedisAddress(url)
  if (address.kind === 'cluster') {
    // Its nodes are not connected again: the next look at the slots says which are there.
    const { retryStrategy: _, ...redisOptions } = options.redis
    return new options.Cluster(address.nodes, {
      ...options.cluster,
      redisOptions: { ...address.access, ...redisOptions },
      // Nobody tells of a failover but a node that is asked for a slot which it no longer has.
      slotsRefreshInterval: limits.slotsRefreshMs,
      // Names reach the connection as they are, because a certificate is for a name.
      dnsLookup: (host, found) => found(null, host),
    })
  }
  const alone = { ...options.redis, ...options.alone }
  if (address.kind === 'server') return new Redis(address.url, alone)
  return new Redis({
    ...alone,
    ...address.options,
    // One that was replaced and has come back refuses writes, unexecuted: ask the sentinels anew.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
}

/**
 * ioredis keeps commands without a deadline while it looks for a cluster, and sends them when it has found it. Its
 * queue cannot simply be turned off, because a connection to a node is opened by its first command, and what comes in
 * the meantime must not be refused.
 */
class FailFastCluster extends Cluster {
  override sendCommand(...[command, stream, node]: Parameters<Cluster['sendCommand']>): unknown {
    // With `cluster` commands the client itself finds out whether the cluster is there.
    if (this.status === 'ready' || command.name === 'cluster') {
      return super.sendCommand(command, stream, node)
    }
    command.reject(new Error('Connection is closed.'))
    return command.promise
  }
}

/** For those who may be late: a command waits for the cluster, and its sender as long as for any other answer. */
export class PatientCluster extends Cluster {
  override sendCommand(...[command, stream, node]: Parameters<Cluster['sendCommand']>): unknown {
    const { commandTimeout } = this.options.redisOptions ?? {}
    if (commandTimeout !== undefined) (command as Command).setTimeout(commandTimeout)
    return super.sendCommand(command, stream, node)
  }
}
