import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Unavailable } from '../../src/domain/outcome.ts'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { openRedisServer, type RunningServer } from '../../src/services/redis-server.ts'
import { uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, value } from '../support/sale.ts'

const folder = mkdtempSync(join(tmpdir(), 'stampede-outage-'))
const pid = () => JSON.parse(readFileSync(join(folder, 'redis.json'), 'utf8')).pid as number
let server: RunningServer

beforeAll(async () => {
  server = await openRedisServer(folder, () => {})
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function openSaleHere() {
  const redis = connectRedis(server.url, { name: 'test' })
  redis.on('error', () => {})
  await redis.connect()
  return { redis, sale: await openSale(redis, uniqueShop()) }
}

describe('an outage of Redis', () => {
  it('answers every command within one time limit while Redis hangs, and recovers by itself', async () => {
    const { redis, sale } = await openSaleHere()
    const coupon = await sale.coupon({ totalQuantity: 1_000 })
    process.kill(pid(), 'SIGSTOP')
    const begin = performance.now()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, user) => sale.claim(coupon, `user-${user}`)),
    )
    // One time limit for all of them, however many batches they would have made.
    expect(performance.now() - begin).toBeLessThan(2 * limits.redisCommandTimeoutMs)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
    }
    process.kill(pid(), 'SIGCONT')
    // The effect of an unanswered claim is unknown; asking again tells it, and has no second effect.
    await vi.waitFor(async () => value(await sale.claim(coupon, 'user-0')), 10_000)
    expect(await sale.claim(coupon, 'user-0')).toMatchObject({ ok: true, replayed: true })
    redis.disconnect()
  })

  it('keeps every answered claim when Redis is killed, and recovers by itself', async () => {
    const { redis, sale } = await openSaleHere()
    const coupon = await sale.coupon({ totalQuantity: 100_000 })
    const answered: { userId: string; rank: number }[] = []
    let stopped = false
    const load = Promise.all(
      Array.from({ length: 50 }, async (_, client) => {
        for (let round = 0; !stopped; round++) {
          const userId = `user-${client}-${round}`
          try {
            answered.push({ userId, rank: value(await sale.claim(coupon, userId)).rank })
          } catch {
            // Refused by the outage: nothing was promised.
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
      }),
    )
    await vi.waitFor(() => expect(answered.length).toBeGreaterThan(500), 10_000)
    process.kill(pid(), 'SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(pid(), 0)).toThrow(), 10_000)
    stopped = true
    await load
    server = await openRedisServer(folder, () => {})

    await vi.waitFor(async () => {
      for (const claim of answered) {
        const again = await sale.claim(coupon, claim.userId)
        expect(again).toMatchObject({ ok: true, replayed: true, value: { rank: claim.rank } })
      }
    }, 20_000)
    expect(codeOf(await sale.claim(coupon, 'late'))).toBe('ok')
    redis.disconnect()
  })
})
