import { sql } from 'kysely'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { eventIdOf } from '../../src/db/event-id.ts'
import { NewerVersion } from '../../src/domain/event-versions.ts'
import { openBooks, type Shop } from '../workers/books.ts'
import type { SourceChanges } from './changed-sources.ts'
import { startWorker } from './real-processes.ts'

/** A release whose events are of version 2, in which users are in capitals, with a way from version 1. */
const nextRelease: SourceChanges = {
  '/src/domain/events.ts': ['eventVersion = 1', 'eventVersion = 2'],
  '/src/domain/event-versions.ts': [
    '=> unknown> = {}',
    '=> unknown> = { 1: (_, data: any) => ({ ...data, userId: data.userId.toUpperCase() }) }',
  ],
}

const books = await openBooks({ redisDatabase: 3 })
let shop: Shop
let charges: number

vi.setConfig({ testTimeout: 120_000 })

beforeEach(async () => {
  await books.clearQueue()
  shop = await books.openShop()
  charges = 0
})

/** Appends an event as a release of this version does: a charge of another user each time. */
function append(version: string, userId: string, type = 'balance_charged') {
  charges += 1
  const charge = {
    id: `charge-${charges}`,
    fingerprint: 'print',
    userId,
    amount: 1,
    beforeAmount: 0,
    afterAmount: 1,
    at: 1_800_000_000_000,
  }
  return shop.appendRaw('type', type, 'v', version, 'data', JSON.stringify(charge))
}
const persisted = async () =>
  (await shop.rows('balance_history', 'event_id, user_id')).map(({ user_id }) => user_id)
const deadLetters = async () => (await shop.rows('dead_letters')).length
const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 50 })

describe('an event of a newer release', () => {
  for (const type of ['balance_charged', 'wish_listed']) {
    it(`stops the drain, as ${type}, and everything after it waits`, async () => {
      await append('1', 'ann')
      await append('1', 'bob')
      const newer = await append('2', 'CARL', type)
      await append('1', 'dora')
      const stopped = expect(shop.drain()).rejects
      await stopped.toThrow(NewerVersion)
      await stopped.toThrow(`Event ${newer} is of version 2, and this worker knows 1`)
      expect(await persisted()).toEqual(['ann', 'bob'])
      expect(await deadLetters()).toBe(0)
      expect(await shop.backlog()).toBe(2)
    })
  }

  it('is not trimmed by an older worker, though Postgres has it', async () => {
    await append('2', 'ANN')
    const last = await append('2', 'BOB')
    await sql`update outbox_watermarks
      set stream_id = ${last}, event_id = ${String(eventIdOf(last))}, events = 2
      where shop = ${shop.shop}`.execute(databaseOf(books.orm))
    await expect(shop.drain()).rejects.toThrow(NewerVersion)
    expect(await shop.backlog()).toBe(2)
  })

  it('is left to a worker of that release, which reads the older ones too', async () => {
    const alarms = (worker: Awaited<ReturnType<typeof startWorker>>) =>
      worker
        .complaints()
        .filter(
          ({ msg, err }) => msg.includes(shop.shop) && err?.message.includes('is of version 2'),
        )
    const old = await startWorker(books)
    await append('1', 'ann')
    await eventually(async () => expect(await persisted()).toEqual(['ann']))
    await append('2', 'BOB')
    await append('1', 'carl')
    await eventually(async () => expect(alarms(old)).toHaveLength(1))
    expect(await persisted()).toEqual(['ann'])

    const next = await startWorker(books, { changes: nextRelease })
    await eventually(async () => expect(await persisted()).toEqual(['ann', 'BOB', 'CARL']))
    for (let pair = 0; pair < 50; pair++) {
      await append('1', `old-${pair}`)
      await append('2', `NEXT-${pair}`)
    }
    await eventually(async () => expect(await shop.backlog()).toBe(0))
    const users = (await persisted()).map((user) => String(user).toUpperCase())
    const pairs = Array.from({ length: 50 }, (_, pair) => [`OLD-${pair}`, `NEXT-${pair}`])
    expect(users).toEqual(['ANN', 'BOB', 'CARL', ...pairs.flat()])
    expect(await deadLetters()).toBe(0)
    expect(alarms(next)).toEqual([])
    expect(await Promise.all([old.stop(), next.stop()])).toEqual([0, 0])
  })
})
