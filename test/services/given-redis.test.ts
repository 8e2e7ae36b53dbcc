import { expect, it, onTestFinished } from 'vitest'
import { withRedis } from '../../src/services/redis-connection.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'
import { resolveFor, temporaryFolder } from './folder.ts'

const secret = 'x'.repeat(32)

async function givenRedis(settings: Record<string, string>) {
  const server = await openRedisServer(temporaryFolder(), () => {})
  onTestFinished(() => server.stop())
  await withRedis(server.url, async (redis) => {
    for (const [name, value] of Object.entries(settings)) await redis.config('SET', name, value)
  })
  return {
    REDIS_URL: server.url,
    DATABASE_URL: 'postgresql://localhost/elsewhere',
    JWT_SECRET: secret,
  }
}

it('is used where it keeps what it accepted', async () => {
  const given = await givenRedis({})
  const lines: string[] = []
  const services = await resolveFor(given, lines)
  expect(services).toMatchObject({
    redisUrl: given.REDIS_URL,
    databaseUrl: given.DATABASE_URL,
    jwtSecret: secret,
  })
  expect(lines).toEqual([])
})

it('is refused where it could lose an accepted order, with every reason', async () => {
  const given = await givenRedis({ appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' })
  await expect(resolveFor(given)).rejects.toThrow(
    'appendfsync is everysec, must be always; maxmemory-policy is allkeys-lru, must be noeviction',
  )
})

it('is used all the same where the operator says so', async () => {
  const given = await givenRedis({ appendfsync: 'everysec' })
  const lines: string[] = []
  await resolveFor({ ...given, ALLOW_UNSAFE_REDIS: 'true' }, lines)
  expect(lines.join()).toContain('may lose accepted orders: appendfsync is everysec')
})

it('is used with a warning where it hides its settings', async () => {
  const given = await givenRedis({})
  await withRedis(given.REDIS_URL, (redis) =>
    redis.call('ACL', 'SETUSER', 'app', 'on', '>pass', '~*', '+@all', '-config'),
  )
  const lines: string[] = []
  await resolveFor(
    { ...given, REDIS_URL: given.REDIS_URL.replace(/\/\/[^@]*/, '//app:pass') },
    lines,
  )
  expect(lines.join()).toContain('does not show its settings')
})

it('is named as the reason where it cannot be reached', async () => {
  const given = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgresql://localhost/x' }
  await expect(resolveFor({ ...given, JWT_SECRET: secret })).rejects.toThrow(
    'The Redis of REDIS_URL cannot be used',
  )
})

it('asks for a secret of its own', async () => {
  await expect(resolveFor({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(
    'JWT_SECRET (or JWKS_URL) is required',
  )
})
