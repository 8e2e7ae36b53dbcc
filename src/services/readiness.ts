import { setTimeout as wait } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey, shopKeys } from '../redis/keys.ts'
import { defaultShop } from './prepare.ts'
import { readShopState } from './shops.ts'

type Check = { name: string; ok: boolean; detail?: string }

/**
 * Whether an API process should get requests: not while it stops, while Redis is gone or does not run the scripts, or
 * while the default shop is closed, has lost a key or is full. Postgres is named but does not count, because selling
 * goes on without it.
 */
export function openReadiness(parts: {
  redis: RedisClient
  orm: MikroORM
  isStopping: () => boolean
}): () => Promise<{ ok: boolean; checks: Check[] }> {
  const { redis, orm, isStopping } = parts

  async function checkRedis(): Promise<string | undefined> {
    await redis.ping()
    return undefined
  }
  async function checkScripts(): Promise<string | undefined> {
    // A batch of no commands decides nothing, and loads the script where Redis has forgotten it.
    const keys = shopKeys(defaultShop)
    await redis.decide(keys.length, ...keys, '0', '0', '0', '0', '', '')
    return undefined
  }
  async function checkShop(): Promise<string | undefined> {
    const { isOpen, missingKeys } = await readShopState(redis, defaultShop)
    if (!isOpen) return 'closed'
    return missingKeys === 0 ? undefined : `${missingKeys} of its keys are missing`
  }
  async function checkBacklog(): Promise<string | undefined> {
    const events = await redis.xlen(shopKey(defaultShop, 'outbox'))
    return events < limits.backlogEventsMax ? undefined : `${events} events wait`
  }
  async function checkPostgres(): Promise<string | undefined> {
    const answer = sql`select 1`.execute(orm.em.getKysely())
    answer.catch(() => {}) // It may fail after nobody waits any more.
    const late = wait(limits.redisCommandTimeoutMs, 'late' as const, { ref: false })
    return (await Promise.race([answer, late])) === 'late' ? 'does not answer' : undefined
  }

  async function look() {
    const [inRedis, scripts, shop, backlog, postgres] = await Promise.all([
      runCheck('redis', checkRedis),
      runCheck('scripts', checkScripts),
      runCheck('shop', checkShop),
      runCheck('backlog', checkBacklog),
      runCheck('postgres', checkPostgres),
    ])
    const stopping: Check[] = isStopping()
      ? [{ name: 'process', ok: false, detail: 'is stopping' }]
      : []
    const ok = stopping.length === 0 && inRedis.ok && scripts.ok && shop.ok && backlog.ok
    return { ok, checks: [...stopping, inRedis, scripts, shop, backlog, postgres] }
  }

  let underWay: ReturnType<typeof look> | null = null
  return () => {
    // Anybody may ask, as often as he likes: one look at a time answers all of them.
    underWay ??= look().finally(() => {
      underWay = null
    })
    return underWay
  }
}

async function runCheck(name: string, check: () => Promise<string | undefined>): Promise<Check> {
  try {
    const detail = await check()
    return detail === undefined ? { name, ok: true } : { name, ok: false, detail }
  } catch {
    return { name, ok: false, detail: 'does not answer' } // The reason may name hosts: it is for the log.
  }
}
