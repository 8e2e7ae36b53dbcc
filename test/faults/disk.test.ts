import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Answer, type Call, type Client, openClient } from '../../src/demo/client.ts'
import { visitInParallel } from '../../src/demo/parallel.ts'
import { newId } from '../../src/domain/ids.ts'
import { limits } from '../../src/limits.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'
import { engineSettings, signToken, startEngine } from '../e2e/engine.ts'
import { temporaryFolder } from '../services/folder.ts'
import { openPrivateRedis } from './private-redis.ts'
import { canMount, mountSmallDisk } from './small-disk.ts'

const admin = signToken('boss', 'admin')
const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 45_000, interval: 100 })

type Sent = { call: Call; answer: Answer }

async function openOption(client: Client): Promise<string> {
  const body = { name: 'Trainers', options: [{ optionValue: 'M', price: 0, stock: 1_000_000 }] }
  const { body: product } = await client.send<{ options: { id: string }[] }>({
    method: 'POST',
    path: '/v1/products',
    token: admin,
    body,
  })
  return product.options[0]?.id as string
}

/** Orders of one user after the other, until there are enough. */
async function sell(client: Client, optionId: string, isEnough: (sent: Sent[]) => boolean) {
  const sent: Sent[] = []
  function* calls(): Generator<Call> {
    for (let number = 1; !isEnough(sent); number += 1) {
      const key = newId()
      const body = { items: [{ optionId, quantity: 1 }] }
      yield { method: 'POST', path: '/v1/orders', token: signToken(`user-${number}`), key, body }
    }
  }
  await visitInParallel(calls(), 20, async (call) => {
    const answer = await client.send(call)
    expect([201, 503]).toContain(answer.status)
    sent.push({ call, answer })
  })
  return sent
}

const verified = async (client: Client) => {
  const { body } = await client.send({ method: 'GET', path: '/v1/verify', token: admin })
  expect(body).toMatchObject({ ok: true, backlog: 0 })
}

const countIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length

describe.runIf(canMount)('with a small disk, which takes the right to mount one,', () => {
  it('Redis answers 503 while it is full, loses nothing, and goes on by itself', async () => {
    const settings = engineSettings()
    const disk = mountSmallDisk(join(settings.DATA_DIR, 'redis'), 40)
    const engine = await startEngine(settings)
    const client = openClient(new URL(engine.url))
    onTestFinished(client.close)
    const optionId = await openOption(client)

    disk.fill(400_000)
    const isSaid = () => /The disk of .*redis is full/.test(engine.output.stderr)
    const isRefused = ({ answer }: Sent) => answer.status === 503
    const sent = await sell(client, optionId, (all) => isSaid() && isRefused(all.at(-1) as Sent))
    const refused = sent.filter(isRefused)
    const accepted = sent.filter(({ answer }) => answer.status === 201)
    expect(accepted.length).toBeGreaterThan(10)
    expect(accepted.length + refused.length).toBe(sent.length)
    expect(Math.max(...refused.map(({ answer }) => answer.ms))).toBeLessThan(2_000)
    const answer = await engine.post(`/v1/coupons/any/claims`, signToken('late'))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')

    disk.empty()
    const [{ call }] = refused.slice(-1) as [Sent]
    await eventually(async () => expect([200, 201]).toContain((await client.send(call)).status))
    for (const { call: again, answer: first } of accepted) {
      expect(await client.send(again)).toMatchObject({ status: 200, body: first.body })
    }
    await eventually(() => verified(client))
    expect(countIn(engine.output.stderr, /The disk of .*redis is full/g)).toBe(1)
  }, 240_000)

  it('Redis is not started before there is room, and a torn end waits for it', async () => {
    const folder = temporaryFolder()
    const disk = mountSmallDisk(join(folder, 'redis'), 40)
    const { redis, stop } = await openPrivateRedis(folder)
    await redis.set('whole', 1)
    await redis.set('torn', 1)
    await stop()
    const files = join(folder, 'redis', 'appendonlydir')
    const name = readdirSync(files).find((file) => file.endsWith('.incr.aof')) as string
    truncateSync(join(files, name), 70)
    disk.fill(limits.redisFreeBytesMin - 1_000_000)
    await expect(openPrivateRedis(folder)).rejects.toThrow(/is full: 15 MB are free, 16 MB are/)
    disk.fill(0)
    await expect(openPrivateRedis(folder)).rejects.toThrow('is full: 0 MB')
    disk.empty()
    const lines: string[] = []
    const again = await openPrivateRedis(folder, lines)
    expect(lines.join()).toContain('ended in a torn write')
    expect(await again.redis.mget('whole', 'torn')).toEqual(['1', null])
  })

  it('Redis does not rewrite its file where both do not fit', async () => {
    const folder = temporaryFolder()
    const disk = mountSmallDisk(join(folder, 'redis'), 60)
    const lines: string[] = []
    const server = await openRedisServer(folder, (line) => lines.push(line))
    onTestFinished(() => server.stop())
    const { redis } = await openPrivateRedis(folder)
    const percentage = async () => await redis.config('GET', 'auto-aof-rewrite-percentage')
    const tend = () => server.tend?.((line) => lines.push(line))
    for (let key = 0; key < 10; key += 1) await redis.set(`key ${key}`, 'x'.repeat(1_000_000))
    await tend()
    expect(await percentage()).toEqual(['auto-aof-rewrite-percentage', '100'])

    disk.fill(limits.redisFreeBytesMin + 9_000_000)
    for (let look = 0; look < 3; look += 1) await tend()
    expect(await percentage()).toEqual(['auto-aof-rewrite-percentage', '0'])
    disk.empty()
    await tend()
    expect(await percentage()).toEqual(['auto-aof-rewrite-percentage', '100'])
    expect(lines).toEqual([
      expect.stringContaining('lacks the room to rewrite'),
      expect.stringContaining('has room enough again'),
    ])
  })

  it('selling goes on while that of Postgres is full, and the drain catches up', async () => {
    const settings = engineSettings()
    await (await startEngine(settings)).stop()
    const folder = join(settings.DATA_DIR, 'postgres')
    renameSync(folder, `${folder}.before`)
    const disk = mountSmallDisk(folder, 260)
    execFileSync('cp', ['--archive', `${folder}.before/.`, folder])
    chmodSync(folder, 0o700)
    const engine = await startEngine(settings)
    const client = openClient(new URL(engine.url))
    onTestFinished(client.close)
    const optionId = await openOption(client)

    disk.fill(100_000)
    const fails = /Bringing the events of shop main to Postgres .* fails/g
    await sell(client, optionId, () => countIn(engine.output.stderr, fails) > 0)
    const sent = await sell(client, optionId, (all) => all.length >= 500)
    expect(new Set(sent.map(({ answer }) => answer.status))).toEqual(new Set([201]))
    expect(countIn(engine.output.stderr, fails)).toBe(1)
    disk.empty()
    await eventually(() => verified(client))
  }, 240_000)
})
