import type { Redis } from 'ioredis'
import type { ServerAddress } from '../redis/address.ts'
import { infoField } from './redis-connection.ts'

/** Scripts declare their flags with `#!lua`, which Redis knows since this major version. */
export const redisMajorMin = 7

const safeSettings = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
}

export type ServerFindings = {
  /** For people: name and version. */
  name: string
  /** What could lose an accepted order. */
  unsafe: string[]
  /** Null where the server does not let us read them. */
  settings: Record<string, string> | null
  /** Its whole INFO. */
  info: string
}

/**
 * Looks at the settings of one server. Where it hides them, INFO still says whether it evicts.
 *
 * @throws Error where it is too old.
 */
export async function inspectServer(redis: Redis): Promise<ServerFindings> {
  const info = await redis.info()
  const version = infoField(info, 'valkey_version') ?? infoField(info, 'redis_version') ?? '0'
  const name = `${info.includes('valkey_version') ? 'Valkey' : 'Redis'} ${version}`
  if (Number.parseInt(version, 10) < redisMajorMin) {
    throw new Error(`${name} is too old: Stampede needs Redis ${redisMajorMin} or later.`)
  }
  const settings = await readSettings(redis)
  const policy = infoField(info, 'maxmemory_policy')
  const known = settings ?? (policy ? { 'maxmemory-policy': policy } : {})
  const unsafe: string[] = []
  for (const [setting, safe] of Object.entries(safeSettings)) {
    const value = known[setting]
    if (value !== undefined && value !== safe)
      unsafe.push(`${setting} is ${value}, must be ${safe}`)
  }
  return { name, unsafe, settings, info }
}

/** The replicas that are connected to the server of this INFO and have caught up. */
export function listReplicas(info: string): ServerAddress[] {
  return [...info.matchAll(/^slave\d+:ip=(.+?),port=(\d+),state=online,/gm)].map(
    ([, host, port]) => ({
      host: host as string,
      port: Number(port),
    }),
  )
}

async function readSettings(redis: Redis): Promise<Record<string, string> | null> {
  try {
    const settings: Record<string, string> = {}
    for (const name of [...Object.keys(safeSettings), 'min-replicas-to-write']) {
      const answer = (await redis.config('GET', name)) as string[]
      // A service that answers with nothing hides it as well.
      if (answer[1] === undefined) return null
      settings[name] = answer[1]
    }
    return settings
  } catch (error) {
    // Renamed, forbidden by ACL, or unknown to a managed service.
    if (/unknown command|NOPERM|not allowed|disabled/i.test(String(error))) return null
    throw error
  }
}
