import { pino } from 'pino'
import { afterAll, expect, it, vi } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { value } from '../support/sale.ts'
import { openBooks } from './books.ts'

// Whoever looks after the shops does so once an hour: what is persisted here was asked for by who accepted it.
vi.mock('../../src/limits.ts', async (original) => {
  const { limits } = await original<typeof import('../../src/limits.ts')>()
  return { limits: { ...limits, upkeepIntervalMs: 3_600_000 } }
})

const books = await openBooks({ redisDatabase: 14 })

it('persists what is accepted because a wake-up came with it, also the last of many', async () => {
  await books.clearQueue()
  const shop = await books.openShop()
  const errors: unknown[] = []
  const { redisUrl, databaseUrl } = books
  const log = pino({ level: 'error' }, { write: (line) => errors.push(line) })
  const workers = startWorkers({ redisUrl, databaseUrl, holdMs: 600_000, log })
  afterAll(() => workers.close())
  const wakeUps = openWakeUps(redisUrl)
  afterAll(() => wakeUps.close())
  const engine = openEngine({ redis: books.redis, holdMs: 600_000, onAccepted: wakeUps.wake })
  const charge = () => shop.charge('ann', 1, {}, engine).then(value)
  const expectPersisted = (count: number) =>
    vi.waitFor(async () => expect(await shop.rows('balance_history', 'id')).toHaveLength(count), {
      timeout: 20_000,
      interval: 20,
    })

  await charge()
  await expectPersisted(1)
  await charge()
  await expectPersisted(2)
  await Promise.all(Array.from({ length: 500 }, charge))
  await expectPersisted(502)
  expect(errors).toEqual([])
})
