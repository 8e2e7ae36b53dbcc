import { Queue, UnrecoverableError, Worker } from 'bullmq'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { type DrainJob, drainJobOptions, oneDrainPerShop } from '../../src/queue/jobs.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { queuePrefix } from '../../src/redis/keys.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'

// A Redis database of its own: these tests break the queue, which all shops of a database share.
const books = await openBooks({ redisDatabase: 2 })
const { redis } = books

/** How long a shop may stand still before its guard has moved it: three looks, their jitter, and a slow machine. */
const standstillMs = 8_000

let shop: Shop

vi.setConfig({ testTimeout: 60_000 })
let closables: { close(): Promise<void> }[]

beforeEach(async () => {
  await books.clearQueue()
  shop = await books.openShop()
  closables = []
})

afterEach(async () => {
  for (const closable of closables.reverse()) await closable.close()
})

function start() {
  const { redisUrl, databaseUrl } = books
  const log = pino({ level: 'silent' })
  closables.push(startWorkers({ redisUrl, databaseUrl, holdMs: 600_000, log }))
}

function openWaking() {
  const wakeUps = openWakeUps(books.redisUrl)
  closables.push(wakeUps)
  return openEngine({ redis, holdMs: 600_000, onAccepted: wakeUps.wake })
}

function openDrainQueue() {
  const queue = new Queue<DrainJob>('drain', { connection: redis, prefix: queuePrefix })
  closables.push(queue)
  return queue
}

/** Adds the one job that stands for the shop's drain, as a wake-up does. */
function addDrain() {
  const { shop: id } = shop
  return openDrainQueue().add(
    'drain',
    { shop: id },
    { ...drainJobOptions, deduplication: oneDrainPerShop(id) },
  )
}

/** A worker that takes jobs and does nothing with them, as one that has died. */
function openDeadWorker(lockDuration = 30_000) {
  const worker = new Worker<DrainJob>('drain', null, {
    connection: redis,
    prefix: queuePrefix,
    autorun: false,
    lockDuration,
    stalledInterval: 50,
  })
  closables.push(worker)
  return worker
}

const charge = (by = shop.engine) => shop.charge('ann', 1, {}, by).then(value)
const persisted = async () => (await shop.rows('balance_history', 'id')).length
const expectPersisted = (count: number) =>
  vi.waitFor(async () => expect(await persisted()).toBe(count), {
    timeout: standstillMs,
    interval: 20,
  })

/** Expects wake-ups to work again: by the guard alone, an event is persisted after more than a second. */
async function expectPromptness() {
  const engine = openWaking()
  await vi.waitFor(
    async () => {
      const begin = performance.now()
      const before = await persisted()
      await charge(engine)
      await expectPersisted(before + 1)
      expect(performance.now() - begin).toBeLessThan(900)
    },
    { timeout: 20_000 },
  )
}

describe('the workers', () => {
  it('lose nothing where the keys of the queue are lost in the middle of a sale', async () => {
    start()
    const engine = openWaking()
    let accepted = 0
    for (let round = 0; round < 5; round++) {
      const charges = Array.from({ length: 200 }, () => charge(engine))
      await vi.waitFor(async () => expect(await persisted()).toBeGreaterThan(accepted))
      await books.clearQueue()
      await Promise.all(charges)
      accepted += 200
      await expectPersisted(accepted)
    }
    await expectPromptness()
  })

  it('schedule their upkeep anew where its keys are lost', async () => {
    const optionId = await shop.option()
    start()
    const expired = async () => {
      const order = value(await shop.order('ann', { [optionId]: 1 }))
      await shop.lapse(order.id)
      await vi.waitFor(
        async () =>
          expect(await shop.rows('orders', 'id, status')).toContainEqual({
            id: order.id,
            status: 'EXPIRED',
          }),
        { timeout: 15_000 },
      )
    }
    await expired()
    await books.clearQueue()
    await expired()
    // The list of the schedules is there, and the jobs that it speaks of are not.
    await redis.del(`${queuePrefix}:upkeep:delayed`, `${queuePrefix}:upkeep:wait`)
    await expired()
  })

  it('drain by themselves where the queue gives nobody a job', async () => {
    await openDrainQueue().pause()
    start()
    const engine = openWaking()
    await charge(engine)
    await expectPersisted(1)
    await charge(engine)
    await expectPersisted(2)
  })

  it('drain past a job whose worker has died, and take wake-ups again', async () => {
    await addDrain()
    const job = await openDeadWorker().getNextJob('token')
    expect(await job?.isActive()).toBe(true)
    await charge()
    start()
    await expectPersisted(1)
    await expectPromptness()
    expect(await job?.isActive()).toBe(true)
  })

  it('drain past a failed job that holds the id of the shop, and take wake-ups again', async () => {
    await addDrain()
    const job = await openDeadWorker().getNextJob('token')
    await job?.moveToFailed(new UnrecoverableError(), 'token')
    expect(await job?.isFailed()).toBe(true)
    await redis.set(`${queuePrefix}:drain:de:${shop.shop}`, job?.id as string)
    expect((await addDrain()).id).toBe(job?.id)
    await charge()
    start()
    await expectPersisted(1)
    await expectPromptness()
  })

  it('drain past a job that stalled twice, which the queue then gives up', async () => {
    const job = await addDrain()
    const worker = openDeadWorker(50)
    for (let stall = 1; stall <= 2; stall++) {
      await worker.getNextJob('token')
      const stalled = new Promise((resolve) => worker.once('stalled', resolve))
      await worker.startStalledCheckTimer()
      await stalled
    }
    await worker.close()
    await charge()
    start()
    await expectPersisted(1)
    await vi.waitFor(async () => expect(await job.isFailed()).toBe(true), 10_000)
    await expectPromptness()
  })
})
