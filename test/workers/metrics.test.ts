import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { openOrm } from '../../src/db/orm.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { freePort } from '../../src/services/processes.ts'
import { listenForWorker } from '../../src/services/worker-listener.ts'
import { openQueueMetrics } from '../../src/telemetry/queue-metrics.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { openDrainShop } from '../../workers/drain-shop.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'
import { openGate } from './gate.ts'

// A Redis database of its own: workers take every job that they see, also those of other test files.
const books = await openBooks({ redisDatabase: 8 })
const redisGate = await openGate(books.redisUrl)
const queues = openQueueMetrics(redisGate.address)
afterAll(() => queues.close())
const log = pino({ level: 'silent' })
const OPERATOR_PASSWORD = 'the password of operators'
const port = await freePort()
const given = { REDIS_URL: books.redisUrl, DATABASE_URL: books.databaseUrl }

let shop: Shop
let closables: { close(): void | Promise<void> }[]

beforeEach(async () => {
  await books.clearQueue()
  shop = await books.openShop()
  closables = []
})

afterEach(async () => {
  redisGate.open()
  for (const closable of closables.reverse()) await closable.close()
})

async function listen(config = loadConfig({ ...given, OPERATOR_PASSWORD })) {
  const metrics = () => registry.metrics()
  closables.push(await listenForWorker(port, { config, log, metrics }))
}

function ask(path: string, password = OPERATOR_PASSWORD) {
  const authorization = `Basic ${Buffer.from(`prometheus:${password}`).toString('base64')}`
  return fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })
}

/** The samples of `/metrics` by name and labels, as they are written there. */
async function samples(): Promise<Map<string, number>> {
  const answer = await ask('/metrics')
  expect(answer.status).toBe(200)
  const lines = (await answer.text()).matchAll(/^([a-z].*) (\S+)$/gm)
  return new Map([...lines].map(([, name, value]) => [name as string, Number(value)]))
}

/** What an action adds to samples; one that is not there yet counts for zero. */
async function added(names: string[], action: () => Promise<unknown>): Promise<number[]> {
  const before = await samples()
  await action()
  const after = await samples()
  return names.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0))
}

describe('the listener of a worker', () => {
  it('says that the process lives, whoever asks', async () => {
    await listen()
    const answer = await fetch(`http://127.0.0.1:${port}/livez`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ ok: true })
  })

  it('shows its metrics to operators only', async () => {
    await listen()
    const refused = await ask('/metrics', 'another password of theirs')
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ code: 'unauthorized' })
    const { status, headers } = await ask('/metrics')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('shows them to nobody where no password is set beyond this machine', async () => {
    await listen(loadConfig(given))
    expect((await ask('/metrics')).status).toBe(403)
  })

  it('has no other address', async () => {
    await listen()
    const answer = await ask('/v1/products')
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not_found' })
  })

  it('says where its port is taken, and by which variable to change it', async () => {
    await listen()
    const problem = `Port ${port} on 127.0.0.1 is in use: stop what uses it, or set WORKER_PORT`
    await expect(listen()).rejects.toThrow(problem)
  })
})

describe('the metrics of a worker', () => {
  it('count the events, rows and dead letters of the drain, batch by batch', async () => {
    await listen()
    const names = [
      'stampede_drained_events_total',
      'stampede_drained_rows_total',
      'stampede_dead_letters_total',
      'stampede_drain_batch_events_sum',
      'stampede_drain_batch_events_count',
      'stampede_drain_batch_duration_seconds_count',
      'stampede_committed_event_age_seconds_count',
    ]
    value(await shop.charge('ann', 5))
    value(await shop.charge('ann', 6))
    await shop.appendRaw('type', 'balance_eaten', 'v', '1', 'data', '{}')
    // The user, two rows of her history, her balance, and the letter.
    expect(await added(names, () => shop.drain())).toEqual([3, 5, 1, 3, 1, 1, 3])
  })

  it('count how old events were at their commit, by the clock that dates them', async () => {
    await listen()
    const bucket = (le: string) => `stampede_committed_event_age_seconds_bucket{le="${le}"}`
    value(await shop.charge('ann', 5))
    // A worker whose own clock is an hour ahead.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    closables.push({ close: () => void vi.useRealTimers() })
    expect(await added([bucket('10'), bucket('+Inf')], () => shop.drain())).toEqual([1, 1])
  })

  it('count the drains that a store stopped', async () => {
    await listen()
    const postgresGate = await openGate(books.databaseUrl)
    const orm = openOrm(postgresGate.address)
    closables.push({ close: () => orm.close() })
    const drain = openDrainShop({ orm, redis: books.redis, log, restore: async () => {} })
    postgresGate.shut()
    const fail = () => expect(drain(shop.shop, new AbortController().signal)).rejects.toThrow()
    expect(await added(['stampede_drain_failures_total'], fail)).toEqual([1])
  })

  it('tell what the queues hold, and count the jobs that are done', async () => {
    await listen()
    const wakeUps = openWakeUps(books.redisUrl)
    wakeUps.wake(shop.shop)
    await wakeUps.close()
    expect((await samples()).get('bullmq_job_count{queue="drain",state="waiting"}')).toBe(1)
    const { redisUrl, databaseUrl } = books
    closables.push(startWorkers({ redisUrl, databaseUrl, holdMs: 600_000, log }))
    const found = await vi.waitFor(async () => {
      const now = await samples()
      expect(now.get('bullmq_job_completed_total{queue="drain"}')).toBeGreaterThan(0)
      expect(now.get('bullmq_job_completed_total{queue="upkeep"}')).toBeGreaterThan(0)
      return now
    }, 20_000)
    expect(found.get('bullmq_job_failed_total{queue="drain"}')).toBe(0)
    expect(found.get('bullmq_job_stalled_total{queue="drain"}')).toBe(0)
    expect(found.get('stampede_upkeep_failures_total{upkeep="sweep-holds"}')).toBe(0)
    expect(found.get('bullmq_job_count{queue="drain",state="waiting"}')).toBe(0)
  })

  it('are told without the queues while Redis is away', async () => {
    await listen()
    redisGate.shut()
    const found = await samples()
    expect([...found.keys()].filter((name) => name.startsWith('bullmq_job_count'))).toEqual([])
    expect(found.has('stampede_drained_events_total')).toBe(true)
  })
})
