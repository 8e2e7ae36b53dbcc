import { Queue } from 'bullmq'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openClient } from '../../src/demo/client.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { queuePrefix, shopKey } from '../../src/redis/keys.ts'
import { defaultShop } from '../../src/services/prepare.ts'
import { freePort, run, signal } from '../../src/services/processes.ts'
import { signToken } from '../e2e/engine.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'
import type { SourceChanges } from './changed-sources.ts'
import { startApi, startWorker } from './real-processes.ts'

const books = await openBooks({ redisDatabase: 4 })
let shop: Shop

// Two real processes start in each test.
vi.setConfig({ testTimeout: 120_000 })

beforeEach(async () => {
  await books.clearQueue()
  shop = await books.openShop()
})

/** Does this at the nth time that the process comes to the line. */
function atVisit(nth: number, line: string, what: string): [from: string, to: string] {
  const count = `(globalThis.visits = (globalThis.visits ?? 0) + 1) === ${nth}`
  return [line, `if (${count}) process.kill(process.pid, '${what}'); ${line}`]
}

/** Points of a drain, each as a line of it. */
const beforeCommit = 'await failpoints?.beforeCommit?.()'
const afterCommit = 'await failpoints?.afterCommit?.()'
const dieAt = (line: string, nth = 1): SourceChanges => ({
  '/workers/drain-outbox.ts': atVisit(nth, line, 'SIGKILL'),
})

const chargeOnes = async (count: number) => {
  for (let left = count; left > 0; left -= 500) {
    const some = Array.from({ length: Math.min(500, left) }, () => shop.charge('ann', 1))
    for (const charge of await Promise.all(some)) value(charge)
  }
}
const persisted = async () => (await shop.rows('balance_history', 'id')).length
const eventually = <Value>(check: () => Promise<Value>) =>
  vi.waitFor(check, { timeout: 25_000, interval: 50 })

async function expectEachOnce(count: number) {
  await eventually(async () => expect(await shop.backlog()).toBe(0))
  expect(await persisted()).toBe(count)
  expect(await shop.rows('balances', 'amount')).toEqual([{ amount: String(count) }])
  expect(await shop.watermark()).toMatchObject({ events: BigInt(count) })
  expect(await shop.rows('dead_letters')).toEqual([])
}

/** Waits until the process stands still. */
const expectStopped = (pid: number) =>
  eventually(async () =>
    expect((await run('ps', ['-o', 'stat=', '-p', String(pid)]))?.output).toMatch(/^T/),
  )

/** Waits until the queue of the drains is done with all jobs, and none has failed. */
async function expectNoJobLeft() {
  const queue = new Queue('drain', { connection: books.redis, prefix: queuePrefix })
  onTestFinished(() => queue.close())
  await eventually(async () =>
    expect(await queue.getJobCounts('active', 'waiting', 'delayed', 'failed')).toEqual({
      active: 0,
      waiting: 0,
      delayed: 0,
      failed: 0,
    }),
  )
}

/** Wakes the workers as an API process does after a decision. */
function wake() {
  const wakeUps = openWakeUps(books.redisUrl)
  onTestFinished(wakeUps.close)
  wakeUps.wake(shop.shop)
}

describe('a process that is killed', () => {
  it('after the decision and before its wake-up: the answer is lost, and nothing else', async () => {
    const port = String(await freePort())
    const settings = { PORT: port, ORDER_HOLD_MS: '600000' }
    const call = {
      method: 'POST',
      path: '/v1/users/ann/charges',
      token: signToken('boss', 'admin'),
      key: 'the-only-charge',
      body: { amount: 7 },
    } as const
    const client = openClient(new URL(`http://127.0.0.1:${port}`))
    onTestFinished(client.close)
    /** Asks as clients do, again where the answer is 503: Redis may be late on a busy machine. */
    const answerTo = (asked: Parameters<typeof client.send>[0]) =>
      eventually(async () => {
        const answer = await client.send(asked)
        expect(answer.status).toBe(200)
        return answer
      })

    const changes: SourceChanges = {
      '/src/queue/wake-ups.ts': atVisit(1, 'const state = recent.get(shop)', 'SIGKILL'),
    }
    const dying = await startApi(books, { changes, settings })
    // The first command of a process has to load the script, and would be late for its own reason.
    await answerTo({ method: 'GET', path: '/readyz' })
    await expect(client.send(call)).rejects.toThrow()
    expect(await dying.ended).toBe(null)
    expect(await books.redis.xlen(shopKey(defaultShop, 'outbox'))).toBe(1)

    await startWorker(books)
    await eventually(async () =>
      expect(await books.redis.xlen(shopKey(defaultShop, 'outbox'))).toBe(0),
    )
    await startApi(books, { settings })
    const again = await answerTo(call)
    expect(again).toMatchObject({ replayed: true, body: { afterAmount: 7 } })
    const balance = { method: 'GET', path: '/v1/me/balance', token: signToken('ann') } as const
    expect((await answerTo(balance)).body).toMatchObject({ balance: 7 })
  })

  it('after the commit and before the trim: the next one trims', async () => {
    await chargeOnes(3)
    const dying = await startWorker(books, { changes: dieAt(afterCommit) })
    expect(await dying.ended).toBe(null)
    expect(await persisted()).toBe(3)
    expect(await shop.backlog()).toBe(3)
    await startWorker(books)
    await expectEachOnce(3)
  })

  it('between two batches: the next one goes on', async () => {
    await chargeOnes(2_500)
    wake()
    const dying = await startWorker(books, { changes: dieAt(beforeCommit, 2) })
    expect(await dying.ended).toBe(null)
    expect(await persisted()).toBe(1_000)
    await startWorker(books)
    await expectEachOnce(2_500)
  })
})

describe('a process that is stopped, and goes on later', () => {
  /** Locks of half a second, so that the queue gives its job to another one. */
  const shortLocks: SourceChanges = {
    '/workers/drain-worker.ts': [
      'concurrency: limits.drainsMax,',
      'concurrency: limits.drainsMax, lockDuration: 500, stalledInterval: 500,',
    ],
  }

  it('before its commit, past its lock: it is fenced, and changes nothing', async () => {
    await chargeOnes(3)
    wake()
    const paused = await startWorker(books, {
      changes: { ...shortLocks, '/workers/drain-outbox.ts': atVisit(1, beforeCommit, 'SIGSTOP') },
    })
    await expectStopped(paused.pid)
    expect(await persisted()).toBe(0)
    const other = await startWorker(books, { changes: shortLocks })
    await eventually(async () => expect(await persisted()).toBe(3))
    await chargeOnes(2)
    signal(-paused.pid, 'SIGCONT')
    await expectEachOnce(5)
    await expectNoJobLeft()
    expect(await Promise.all([paused.stop(), other.stop()])).toEqual([0, 0])
  })

  it('in its transaction: Postgres ends that, and another one goes on', async () => {
    await chargeOnes(3)
    wake()
    const paused = await startWorker(books, {
      changes: {
        ...shortLocks,
        '/src/limits.ts': [
          'postgresIdleInTransactionMs: 10_000',
          'postgresIdleInTransactionMs: 2_000',
        ],
        '/workers/commit-batch.ts': atVisit(
          1,
          'await writeRows(transaction, shop, rows)',
          'SIGSTOP',
        ),
      },
    })
    await expectStopped(paused.pid)
    expect(await persisted()).toBe(0)
    const other = await startWorker(books, { changes: shortLocks })
    await eventually(async () => expect(await persisted()).toBe(3))
    await chargeOnes(2)
    signal(-paused.pid, 'SIGCONT')
    await expectEachOnce(5)
    await expectNoJobLeft()
    expect(await Promise.all([paused.stop(), other.stop()])).toEqual([0, 0])
  })
})
