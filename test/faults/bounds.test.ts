import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect as dialPort } from 'node:net'
import { text } from 'node:stream/consumers'
import { Queue } from 'bullmq'
import { pino } from 'pino'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { limits } from '../../src/limits.ts'
import { connectQueue } from '../../src/queue/connection.ts'
import { type DrainJob, drainJobOptions, queueNames } from '../../src/queue/jobs.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { queuePrefix } from '../../src/redis/keys.ts'
import { listen } from '../../src/services/http-server.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { openClient } from '../http/client.ts'
import { openStallingProxy } from '../http/stalling-proxy.ts'
import { temporaryFolder } from '../services/folder.ts'
import { createDatabase } from '../support/postgres.ts'
import { redisUrl } from '../support/redis.ts'
import { openPrivateRedis } from './private-redis.ts'

describe('an API process', () => {
  async function serve(): Promise<Server> {
    const server = await listen(() => new Response('fine'), { HOST: '127.0.0.1', PORT: 0 })
    onTestFinished(() => void server.close())
    onTestFinished(() => server.closeAllConnections())
    return server
  }

  function dial(server: Server) {
    const socket = dialPort((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    return socket
  }

  it('waits for no request longer than its time, and reads no longer address', async () => {
    const server = await serve()
    expect(server.headersTimeout).toBe(limits.requestArrivalMs)
    expect(server.requestTimeout).toBe(limits.requestArrivalMs)
    const socket = dial(server)
    socket.write(`GET /${'x'.repeat(limits.headerBytesMax)} HTTP/1.1\r\nHost: shop\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 431 /)
  })

  it('keeps a connection open longer than it says, so that no late request meets its end', async () => {
    const server = await serve()
    const socket = dial(server)
    socket.write('GET /livez HTTP/1.1\r\nHost: shop\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^Keep-Alive: timeout=2\r$/m)
    const announcedAt = performance.now()
    await once(socket, 'close')
    expect(performance.now() - announcedAt).toBeGreaterThan(limits.keepAliveMs + 5_000)
  })

  it('refuses at once what would wait behind too many commands of its shop', async () => {
    const client = await openClient()
    const proxy = await openStallingProxy(redisUrl())
    const redis = connectRedis(proxy.address, { name: 'stalling' })
    redis.on('error', () => {})
    afterAll(() => redis.disconnect())
    await redis.connect()
    const engine = openEngine({ redis, holdMs: 1_000 })
    const call = client.callWith({ redis, engine })
    const claim = (user: string) =>
      call('POST', '/v1/coupons/any/claims', { token: client.user(user) })
    expect((await claim('alice')).code).toBe('coupon_not_found')

    proxy.stall()
    const count = limits.queuedCommandsMax + limits.batchCommandsMax
    const waiting = Array.from({ length: count }, () =>
      engine.decide(client.shop, 'reap-holds', {}).catch((error: Error) => error.message),
    )
    // The first batch leaves the queue with the turn of the event loop that follows.
    await new Promise(setImmediate)
    const begin = performance.now()
    waiting.push(
      ...Array.from({ length: limits.batchCommandsMax }, () =>
        engine.decide(client.shop, 'reap-holds', {}).catch((error: Error) => error.message),
      ),
    )
    const refused = await claim('alice')
    expect(performance.now() - begin).toBeLessThan(limits.redisCommandTimeoutMs / 2)
    expect(refused).toMatchObject({ status: 503, code: 'unavailable' })
    expect(refused.headers.get('retry-after')).toBe('1')
    const messages = new Set(await Promise.all(waiting))
    expect(messages).toContain('Too many commands wait for Redis')
    proxy.resume()
    await vi.waitFor(async () => expect((await claim('alice')).code).toBe('coupon_not_found'))
  })
})

describe('the queues', () => {
  it('keep a hundred of the jobs that are done, and no more', async () => {
    const { url } = await openPrivateRedis(temporaryFolder())
    const connection = connectQueue(url, 'producer')
    const queue = new Queue<DrainJob>(queueNames.drain, {
      connection,
      prefix: queuePrefix,
      defaultJobOptions: drainJobOptions,
    })
    const workers = startWorkers({
      redisUrl: url,
      databaseUrl: await createDatabase(),
      holdMs: 1_000,
      log: pino({ level: 'silent' }),
    })
    onTestFinished(async () => {
      await workers.close()
      await queue.close()
      connection.disconnect()
    })
    await queue.addBulk(
      Array.from({ length: 250 }, () => ({ name: 'drain', data: { shop: 'none' } })),
    )
    const counts = () => queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed')
    await vi.waitFor(
      async () => {
        const { waiting = 0, active = 0, delayed = 0 } = await counts()
        expect(waiting + active + delayed).toBe(0)
      },
      { timeout: 20_000, interval: 100 },
    )
    const { completed = 0, failed = 0 } = await counts()
    expect(completed + failed).toBeGreaterThan(0)
    for (const kept of [completed, failed]) expect(kept).toBeLessThanOrEqual(100)
  })
})
