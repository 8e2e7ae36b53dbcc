import { setInterval as ticks } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openClient } from '../../src/demo/client.ts'
import { queuePrefix, shopKey } from '../../src/redis/keys.ts'
import { defaultShop } from '../../src/services/prepare.ts'
import { freePort, run, signal } from '../../src/services/processes.ts'
import { engineSettings, signToken, startEngine } from '../e2e/engine.ts'
import { openBooks } from '../workers/books.ts'
import { startApi, startWorker } from './real-processes.ts'

const admin = signToken('boss', 'admin')
const everyMs = 20

/** Charges balances at a steady pace, however long the answers take, and notes what becomes of each. */
function startLoad(url: string) {
  const client = openClient(new URL(url))
  onTestFinished(client.close)
  const stop = new AbortController()
  const fates: Promise<number | string>[] = []
  async function send(): Promise<void> {
    const pace = ticks(everyMs, undefined, { signal: stop.signal })
    try {
      for await (const _ of pace) {
        const number = fates.length
        const call = {
          method: 'POST',
          path: `/v1/users/user-${number % 50}/charges`,
          token: admin,
          key: `charge-${number}`,
          body: { amount: 1 },
        } as const
        fates.push(
          client.send(call).then(
            ({ status }) => status,
            ({ code, message }) => String(code ?? message),
          ),
        )
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error
    }
  }
  const sending = send()
  return {
    /** Resolves when so many more requests were answered. */
    more: (count: number) => {
      const from = fates.length
      return vi.waitFor(() => expect(fates.length).toBeGreaterThan(from + count), 60_000)
    },
    /** Stops it, and answers how often each status or error came. */
    async stop() {
      stop.abort()
      await sending
      const counts: Record<string, number> = {}
      for (const fate of await Promise.all(fates)) counts[fate] = (counts[fate] ?? 0) + 1
      return counts
    },
  }
}

const childrenOf = async (pid: number) => {
  const listed = await run('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return (listed?.output ?? '').trim().split(/\s+/).map(Number)
}

it('restarts API and worker processes one after the other, and no client sees it', async () => {
  const books = await openBooks({ redisDatabase: 5 })
  const port = await freePort()
  const settings = { PORT: String(port), API_PROCESSES: '2' }
  const api = await startApi(books, { settings })
  const listening = () => api.output.stderr.split('"listening"').length - 1
  await vi.waitFor(() => expect(listening()).toBe(2), 60_000)
  let workers = [await startWorker(books), await startWorker(books)]

  const load = startLoad(`http://127.0.0.1:${port}`)
  await load.more(50)
  for (const pid of await childrenOf(api.pid)) {
    const before = listening()
    signal(pid, 'SIGTERM')
    await vi.waitFor(() => expect(listening()).toBe(before + 1), 60_000)
    await load.more(50)
  }
  for (const worker of workers) {
    expect(await worker.stop()).toBe(0)
    workers = [...workers.slice(1), await startWorker(books)]
    await load.more(50)
  }
  const fates = await load.stop()
  expect(Object.keys(fates)).toEqual(['201'])

  await vi.waitFor(
    async () => expect(await books.redis.xlen(shopKey(defaultShop, 'outbox'))).toBe(0),
    60_000,
  )
  const { events } = (await books.openShop(defaultShop).then((shop) => shop.watermark())) ?? {}
  expect(events).toBe(BigInt(fates['201'] as number))
  const queue = new Queue('drain', { connection: books.redis, prefix: queuePrefix })
  onTestFinished(() => queue.close())
  await vi.waitFor(
    async () =>
      expect(await queue.getJobCounts('active', 'failed')).toEqual({ active: 0, failed: 0 }),
    60_000,
  )
  const told = await books.redis.xrange(`${queuePrefix}:drain:events`, '-', '+')
  expect(told.filter(([, fields]) => fields.includes('stalled'))).toEqual([])
}, 240_000)

it('stops as a whole under load with every answer kept', async () => {
  const settings = engineSettings()
  const engine = await startEngine(settings)
  const load = startLoad(engine.url)
  await load.more(50)
  signal(engine.pid, 'SIGTERM')
  expect(await engine.ended).toBe(0)
  const { ECONNREFUSED = 0, ...fates } = await load.stop()
  // The kernel resets what came when nobody took connections any more: the client asks again, with its key.
  delete fates.ECONNRESET
  expect(Object.keys(fates)).toEqual(['201'])
  expect(ECONNREFUSED).toBeGreaterThan(0)

  const again = await startEngine(settings)
  const client = openClient(new URL(again.url))
  onTestFinished(client.close)
  await vi.waitFor(async () => {
    const { body } = await client.send({ method: 'GET', path: '/v1/verify', token: admin })
    expect(body).toMatchObject({ ok: true, backlog: 0 })
  }, 60_000)
}, 240_000)
