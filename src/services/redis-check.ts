import { infoField, withRedis } from './redis-connection.ts'

/** Scripts declare their flags with `#!lua`, which Redis knows since this major version. */
export const redisMajorMin = 7

const safeSettings = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
}

export type RedisFindings = {
  /** For people: name and version. */
  name: string
  /** What could lose an accepted order, e.g. `appendfsync is everysec, must be always`. */
  unsafe: string[]
  /** False where the server does not let us read its settings, as most managed ones. */
  readable: boolean
}

/**
 * Looks whether a Redis keeps what it accepted: it must write every change to disk before it answers, and must
 * never evict.
 *
 * @throws Error where it cannot be reached or is too old.
 */
export async function inspectRedis(url: string): Promise<RedisFindings> {
  return withRedis(url, async (redis) => {
    const info = await redis.info('server')
    const version = infoField(info, 'valkey_version') ?? infoField(info, 'redis_version') ?? '0'
    const name = `${info.includes('valkey_version') ? 'Valkey' : 'Redis'} ${version}`
    if (Number.parseInt(version, 10) < redisMajorMin) {
      throw new Error(`${name} is too old: Stampede needs Redis ${redisMajorMin} or later.`)
    }
    const unsafe: string[] = []
    for (const [setting, safe] of Object.entries(safeSettings)) {
      const answer = await readSetting(redis, setting)
      if (answer === null) return { name, unsafe: [], readable: false }
      if (answer !== safe) unsafe.push(`${setting} is ${answer}, must be ${safe}`)
    }
    return { name, unsafe, readable: true }
  })
}

async function readSetting(
  redis: { config(get: 'GET', name: string): Promise<unknown> },
  setting: string,
): Promise<string | null> {
  try {
    const answer = (await redis.config('GET', setting)) as string[]
    return answer[1] ?? null
  } catch (error) {
    // Renamed, forbidden by ACL, or unknown to a managed service.
    if (/unknown command|NOPERM|not allowed|disabled/i.test(String(error))) return null
    throw error
  }
}
