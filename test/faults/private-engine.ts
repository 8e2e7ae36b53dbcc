import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { openApiOrm, openOrm } from '../../src/db/orm.ts'
import { ensureShop } from '../../src/db/shops.ts'
import { createApp } from '../../src/http/app.ts'
import { openFeed } from '../../src/live/feed.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { openReadiness } from '../../src/services/readiness.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { verify } from '../../src/verify/verify.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { httpConfig, tokenOf } from '../http/client.ts'
import { temporaryFolder } from '../services/folder.ts'
import { createDatabase } from '../support/postgres.ts'
import { openSale } from '../support/sale.ts'
import { openPrivateRedis } from './private-redis.ts'

const shop = 'main'

/**
 * Application and workers over a Redis and a database of their own, in this process, until the end of the test.
 *
 * @param options.databaseUrl makes of the database's address the one that is used, e.g. one through a gate.
 */
export async function openPrivateEngine(
  options: {
    folder?: string
    backlogMax?: number
    throughGate?: (databaseUrl: string) => Promise<string>
  } = {},
) {
  const { folder = temporaryFolder(), backlogMax, throughGate = async (url) => url } = options
  const server = await openPrivateRedis(folder)
  const { redis } = server
  const directUrl = await createDatabase()
  const databaseUrl = await throughGate(directUrl)
  const orm = openApiOrm(databaseUrl)
  const directOrm = openOrm(directUrl)
  const wakeUps = openWakeUps(server.url)
  const sale = await openSale(redis, shop, {
    ...(backlogMax !== undefined && { backlogMax }),
    onAccepted: wakeUps.wake,
  })
  // As `createShop` does it: the guard looks after the shops that Postgres knows.
  await ensureShop(databaseOf(directOrm), shop)
  /** What application and workers logged. */
  const lines: { level: number; msg: string; err?: { message: string } }[] = []
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const app = createApp({
    engine: sale.engine,
    redis,
    orm,
    config: httpConfig,
    log,
    verify: (name) => verify({ redis, orm }, name),
    metrics: () => registry.metrics(),
    queues: [],
    operators: 'everybody',
    feed: openFeed({
      redis,
      orm,
      openSubscriber: () => connectRedis(server.url, { name: 'feed' }),
    }),
    runStorm: async () => ({ report: null, failure: 'no test runs it' }),
    readiness: openReadiness({ redis, orm, isStopping: () => false }),
  })
  const workers = startWorkers({ redisUrl: server.url, databaseUrl, holdMs: 600_000, log })
  onTestFinished(async () => {
    await workers.close()
    await wakeUps.close()
    await Promise.all([orm.close(), directOrm.close()])
  })
  const memory = async (field: string) =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await redis.info('memory'))?.[1])

  return {
    ...sale,
    server,
    lines,
    /** A field of what Redis says of its memory, in bytes. */
    memory,
    /** Sends a request; a body makes it a POST. */
    async send(path: string, sub: string, body?: unknown, key = sub) {
      const response = await app.request(path, {
        headers: {
          authorization: `Bearer ${tokenOf(sub, sub === 'boss' ? { role: 'admin' } : {})}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      const answer = (await response.json()) as Record<string, unknown>
      const retryAfter = response.headers.get('retry-after')
      return { status: response.status, retryAfter, body: answer, code: answer.code }
    },
    backlog: () => redis.xlen(`{${shop}}:outbox`),
    verify: () => verify({ redis, orm: directOrm }, shop),
  }
}

export type PrivateEngine = Awaited<ReturnType<typeof openPrivateEngine>>
