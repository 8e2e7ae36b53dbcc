import type { MikroORM } from '@mikro-orm/postgresql'
import { Counter, Gauge } from 'prom-client'
import { databaseOf } from '../db/database.ts'
import { countDeadLetters, listWatermarks } from '../db/shops.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { readOutbox, readShopState } from '../services/shops.ts'
import { countWaiting } from '../waiting-room/length.ts'
import { lookAtRedis, type RedisFigures } from './redis-nodes.ts'
import { registry } from './registry.ts'

/**
 * Adds the state of the stores and of every shop to the metrics. It is looked up when somebody asks for them, at most
 * once per `limits.metricsAgeMs`. While a store is away the figures that it has are, too; that it is, is told, and that
 * a shop does not decide for the lack of it.
 */
export function openShopMetrics(stores: { redis: RedisClient; orm: MikroORM }): void {
  const { redis, orm } = stores
  let lookedAt = Number.NEGATIVE_INFINITY
  let look: Promise<void> = Promise.resolve()
  const collect = () => {
    if (performance.now() - lookedAt > limits.metricsAgeMs) {
      lookedAt = performance.now()
      look = lookAtAll()
    }
    return look
  }
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({
      ...{ name, help, labelNames, collect, registers: [registry] },
      // Every process that shares a port looks at the same shops.
      aggregator: 'max',
    })

  const isUp = gauge('stampede_store_up', 'Whether Redis or Postgres answers.', ['store'])
  const answerSeconds = gauge('stampede_store_answer_seconds', 'How long it took to.', ['store'])
  const isOpen = gauge('stampede_shop_open', 'Whether the shop decides.', ['shop'])
  const outboxEvents = gauge('stampede_outbox_events', 'Events that wait for Postgres.', ['shop'])
  const lagSeconds = gauge(
    'stampede_persistence_lag_seconds',
    'Age of the oldest event that waits for Postgres.',
    ['shop'],
  )
  const persisted = new Counter({
    name: 'stampede_persisted_events_total',
    help: 'Events that are in Postgres; their rate is that of the drain.',
    labelNames: ['shop'],
    collect,
    registers: [registry],
    aggregator: 'max',
  })

  const deadLetters = gauge(
    'stampede_dead_letters_kept',
    'Events that could not be written to Postgres and wait for a person.',
    ['shop'],
  )
  const waitingUsers = gauge('stampede_waiting_users', 'Users in waiting rooms.', ['shop'])
  const memoryBytes = gauge('stampede_redis_memory_bytes', 'Memory that Redis uses.', ['node'])
  const memoryMaxBytes = gauge(
    'stampede_redis_memory_max_bytes',
    'Memory at which Redis refuses to write.',
    ['node'],
  )
  const cpuSeconds = new Counter({
    name: 'stampede_redis_cpu_seconds_total',
    help: 'Processor time of the thread of Redis that decides; it has one core at most.',
    labelNames: ['node'],
    collect,
    registers: [registry],
    aggregator: 'max',
  })
  const ofShops = [isOpen, outboxEvents, lagSeconds, persisted, deadLetters, waitingUsers]
  // Postgres has their names, and they go on deciding without it.
  let shops: string[] = []

  async function lookAtAll(): Promise<void> {
    const db = databaseOf(orm)
    const [watermarks] = await Promise.all([
      measure('postgres', () => listWatermarks(db)),
      measure('redis', async () => {
        const looks = await lookAtRedis(redis)
        tellFigures(looks.filter((one) => one !== null))
        if (looks.length === 0 || looks.includes(null)) throw new Error('Redis does not answer')
      }),
    ])
    const known = watermarks?.slice(0, limits.metricsShopsMax)
    if (known) shops = known.map(({ shop }) => shop)
    const letters = watermarks ? await countDeadLetters(db).catch(() => null) : null
    const looks = await Promise.all(shops.map(lookAtShop))
    // All at once: a look that takes long may end beside the next one, and a sum must not get what both have seen.
    for (const one of ofShops) one.reset()
    for (const { shop, events } of known ?? []) persisted.inc({ shop }, Number(events ?? 0))
    for (const [index, shop] of shops.entries()) {
      const look = looks[index]
      // One whose node is gone has not said that it is closed, and decides as little.
      isOpen.set({ shop }, look?.isOpen ? 1 : 0)
      if (letters) deadLetters.set({ shop }, letters.get(shop) ?? 0)
      if (!look) continue
      outboxEvents.set({ shop }, look.events)
      lagSeconds.set({ shop }, look.lagMs / 1_000)
      waitingUsers.set({ shop }, look.waiting)
    }
  }

  function tellFigures(looks: RedisFigures[]): void {
    for (const one of [memoryBytes, memoryMaxBytes, cpuSeconds]) one.reset()
    for (const { node, ...figures } of looks) {
      if (figures.memoryBytes > 0) memoryBytes.set({ node }, figures.memoryBytes)
      if (figures.memoryMaxBytes > 0) memoryMaxBytes.set({ node }, figures.memoryMaxBytes)
      if (figures.cpuSeconds > 0) cpuSeconds.inc({ node }, figures.cpuSeconds)
    }
  }

  /** Null where Redis does not say. */
  async function lookAtShop(shop: string) {
    try {
      const looks = [
        readShopState(redis, shop),
        readOutbox(redis, shop),
        countWaiting(redis, shop),
      ] as const
      const [state, outbox, waiting] = await Promise.all(looks)
      return { isOpen: state.isOpen && state.missingKeys === 0, ...outbox, waiting }
    } catch {
      return null
    }
  }

  async function measure<Value>(store: string, ask: () => Promise<Value>): Promise<Value | null> {
    const startedAt = performance.now()
    try {
      const answer = await ask()
      isUp.set({ store }, 1)
      answerSeconds.set({ store }, (performance.now() - startedAt) / 1_000)
      return answer
    } catch {
      isUp.set({ store }, 0)
      answerSeconds.remove({ store })
      return null
    }
  }
}
