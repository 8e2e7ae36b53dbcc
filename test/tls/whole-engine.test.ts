import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from '../../fixtures/certificates.ts'
import { type RedisProcess, safeSettings, startRedis } from '../../fixtures/redis-process.ts'
import { openClient, outcomeOf } from '../../src/client/client.ts'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { freePort } from '../../src/services/processes.ts'
import { engineSettings, program, runCommand, signToken, startEngine } from '../e2e/engine.ts'
import { openAuthorityFor, openSecuredPostgres, redisTls } from './secured-servers.ts'

/*
 * The whole product on a Redis and a Postgres that are reached by TLS: every process and every command. Postgres takes
 * nobody without; Redis has a port for plain text, for the test alone, and tells by which port each connection came.
 */

const cleanups: (() => Promise<void>)[] = []
const atEnd = (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup)
let authority: Authority
let redis: RedisProcess
let redisPort: number
let settings: ReturnType<typeof engineSettings> & Record<string, string>
let engine: Awaited<ReturnType<typeof startEngine>>

beforeAll(async () => {
  authority = openAuthorityFor(atEnd)
  redisPort = await freePort()
  const certificate = authority.certify('DNS:localhost')
  redis = await startRedis(safeSettings(redisTls(authority, redisPort, certificate)))
  atEnd(() => redis.remove())
  const postgres = await openSecuredPostgres(certificate, atEnd)
  settings = engineSettings(
    {
      REDIS_URL: `rediss://localhost:${redisPort}`,
      DATABASE_URL: `${postgres.url}?sslmode=verify-full`,
      NODE_EXTRA_CA_CERTS: authority.file,
      CORS_ORIGINS: 'https://shop.example.org',
    },
    atEnd,
  )
  engine = await startEngine(settings, { atEnd })
}, 120_000)
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
}, 60_000)

/** The connections to Redis but the test's own: their names and the ports by which they came. */
async function connections(): Promise<{ name: string; port: number }[]> {
  const list = String(await redis.direct.client('LIST'))
  const own = await redis.direct.client('ID')
  return list
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith(`id=${own} `))
    .map((line) => ({
      name: / name=(\S*)/.exec(line)?.[1] as string,
      port: Number(/ laddr=\S+:(\d+) /.exec(line)?.[1]),
    }))
}

describe('an engine on servers that are reached by TLS', { timeout: 120_000 }, () => {
  it('sells, and the workers bring it to Postgres', async () => {
    const admin = signToken('boss', 'admin')
    const product = { name: 'Cap', options: [{ price: 0, stock: 5 }] }
    const made = await engine.post('/v1/products', admin, product)
    expect(made.status).toBe(201)
    const { options } = (await made.json()) as { options: { id: string }[] }
    const buyer = openClient(engine.url, { token: signToken('ann') })
    const order = { items: [{ optionId: options[0]?.id as string, quantity: 1 }] }
    expect(await outcomeOf(buyer.v1.orders.$post({ json: order }))).toMatchObject({ ok: true })
    await expect.poll(ordersInPostgres, { timeout: 30_000 }).toBe(1)
  })

  it('has no connection without TLS, of whatever part', async () => {
    const watching = await fetch(`${engine.url}/ops/feed`, {
      headers: { authorization: `Bearer ${signToken('boss', 'admin')}` },
    })
    await watching.body?.cancel()
    const found = await connections()
    const names = new Set(found.map(({ name }) => name.replace(/:.*/, '')))
    expect([...names]).toEqual(expect.arrayContaining(['api', 'queue-producer', 'queue-worker']))
    expect(found.length).toBeGreaterThan(4)
    expect(new Set(found.map(({ port }) => port))).toEqual(new Set([redisPort]))
    const byTls = await connectionsOfPostgres()
    expect(byTls.length).toBeGreaterThan(1)
    expect(byTls).not.toContain(false)
  })

  it.each([
    [['doctor', '--json'], /of REDIS_URL.*of DATABASE_URL/s],
    [['migrate'], /./],
    [['verify'], /balance/i],
    [['dead-letters', 'list'], /./],
    [['psql', 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'], /\bt\b/],
  ])('is looked after by %j', async (words, said) => {
    const { code, stdout, stderr } = await runCommand([...program, ...words], settings)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(`${stdout}${stderr}`).toMatch(said)
  })

  it.each([
    ['start', 'certificate'],
    ['verify', 'certificate'],
    ['psql', 'certificate'],
  ])('is not believed by %s without its authority', async (word, said) => {
    const { NODE_EXTRA_CA_CERTS: _, ...without } = settings
    const words = word === 'psql' ? ['psql', 'select 1'] : [word]
    const { code, stdout, stderr } = await runCommand([...program, ...words], without)
    expect(code).not.toBe(0)
    expect(`${stdout}${stderr}`).toContain(said)
  })

  it('lets pages of the listed origin use it, and no other', async () => {
    const allowedTo = async (origin: string) =>
      (await fetch(`${engine.url}/v1/products`, { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      )
    expect(await allowedTo('https://shop.example.org')).toBe('https://shop.example.org')
    expect(await allowedTo('https://evil.example')).toBeNull()
  })
})

async function askPostgres<Row>(query: ReturnType<typeof sql<Row>>): Promise<Row[]> {
  const orm = openOrm(`${settings.DATABASE_URL}&sslrootcert=${authority.file}`, { poolMax: 1 })
  try {
    return (await query.execute(databaseOf(orm))).rows
  } finally {
    await orm.close()
  }
}

async function ordersInPostgres(): Promise<number> {
  const [row] = await askPostgres(sql<{ count: string }>`select count(*) from orders`)
  return Number(row?.count)
}

/** Whether the connections to Postgres came by TLS; of one that still says hello it does not know. */
async function connectionsOfPostgres(): Promise<boolean[]> {
  const rows = await askPostgres(sql<{ ssl: boolean }>`
    select ssl from pg_stat_ssl join pg_stat_activity using (pid)
    where client_addr is not null and state is distinct from 'starting'`)
  return rows.map(({ ssl }) => ssl)
}
