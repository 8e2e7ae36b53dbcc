import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { databaseOf } from '../src/db/database.ts'
import { openOrm } from '../src/db/orm.ts'
import { findWatermark } from '../src/db/shops.ts'
import { shopKey } from '../src/redis/keys.ts'
import { defaultShop } from '../src/services/prepare.ts'
import { until } from '../src/services/processes.ts'
import { withRedis } from '../src/services/redis-connection.ts'
import type { VerifyReport } from '../src/verify/verify.ts'
import { jwtSecret, type Stage } from './stage.ts'

/** A Postgres that was away for minutes leaves a long way to go. */
const drainDefaultMs = 180_000
const pollMs = 100

/** Looks, at a rhythm, how far Postgres is. */
export function followWatermark(
  stage: Stage,
  onPersisted: (decidedAt: number) => void,
): { end(): Promise<void> } {
  let isOver = false
  async function follow(): Promise<void> {
    while (!isOver) {
      const orm = openOrm(stage.postgres.url(), { poolMax: 1, statementTimeoutMs: 1_000 })
      try {
        await until(async () => {
          const watermark = await findWatermark(databaseOf(orm), defaultShop)
          if (watermark) onPersisted(Number(watermark.streamId.split('-')[0]))
          await pause()
          return isOver
        }, Number.POSITIVE_INFINITY)
      } catch {
        await pause() // Postgres is away; it may come back at another port.
      } finally {
        await orm.close().catch(() => {})
      }
    }
  }
  const following = follow()
  return {
    async end() {
      isOver = true
      await following
    },
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, pollMs))

/**
 * Waits until no order is on hold any more and every event is in Postgres.
 *
 * @returns what is left where it does not come to that, or null.
 */
export async function waitUntilDrained(
  stage: Stage,
  drainMs = drainDefaultMs,
): Promise<string | null> {
  const orm = openOrm(stage.postgres.url(), { poolMax: 1 })
  let left = 'nothing known'
  try {
    const isDrained = await until(async () => {
      left = await describeLeft(stage, orm).catch(String)
      return left === ''
    }, drainMs)
    return isDrained ? null : left
  } finally {
    await orm.close()
  }
}

async function describeLeft(stage: Stage, orm: ReturnType<typeof openOrm>): Promise<string> {
  const outbox = shopKey(defaultShop, 'outbox')
  const { events, holds, lastId } = await withRedis(stage.redis.url(), async (redis) => {
    const facts = (await redis.xinfo('STREAM', outbox)) as unknown[]
    return {
      events: await redis.xlen(outbox),
      // One member is the mark of an open shop.
      holds: (await redis.zcard(shopKey(defaultShop, 'holds'))) - 1,
      lastId: String(facts[facts.indexOf('last-generated-id') + 1]),
    }
  })
  const watermark = await findWatermark(databaseOf(orm), defaultShop)
  if (events === 0 && holds === 0 && watermark?.streamId === lastId) return ''
  return `${events} events in the outbox, ${holds} orders on hold, watermark ${watermark?.streamId} of ${lastId}`
}

/** Runs `npm run verify` on the stage, as a process of its own and without any link between. */
export async function runVerify(stage: Stage): Promise<VerifyReport> {
  const program = join(import.meta.dirname, '../bin/main.ts')
  const child = spawn(process.execPath, [program, 'verify', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: stage.folder },
      REDIS_URL: stage.redis.url(),
      DATABASE_URL: stage.postgres.url(),
      JWT_SECRET: jwtSecret,
      ALLOW_UNSAFE_REDIS: 'true',
    },
  })
  let output = ''
  let reason = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    reason += text
  })
  await new Promise((resolve) => child.on('close', resolve))
  try {
    return JSON.parse(output)
  } catch {
    throw new Error(`verify gave no report: ${reason}`)
  }
}
