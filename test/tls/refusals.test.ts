import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Authority } from '../../fixtures/certificates.ts'
import { safeSettings, startRedis } from '../../fixtures/redis-process.ts'
import { loadConfig } from '../../src/config.ts'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { connectQueue } from '../../src/queue/connection.ts'
import { connectRedis, type RedisClient } from '../../src/redis/client.ts'
import { freePort, until } from '../../src/services/processes.ts'
import { reasonOf } from '../../src/services/reason.ts'
import { inspectRedis } from '../../src/services/redis-check.ts'
import {
  openAuthorityFor,
  openSecuredPostgres,
  redisTls,
  type SecuredPostgres,
} from './secured-servers.ts'

/*
 * A connection by TLS is to whom its certificate names, or it is none: for each kind of address and each way in which
 * the product connects. None of them goes on without TLS where the other side has none.
 */

const cleanups: (() => Promise<void>)[] = []
const atEnd = (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup)
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

const trusted = getCACertificates('default')
const trust = (...authorities: Authority[]) =>
  setDefaultCACertificates([
    ...trusted,
    ...authorities.map(({ file }) => readFileSync(file, 'utf8')),
  ])

/** What an ioredis client says of its connection: the answer to PING, or why there is none. */
async function ping(client: RedisClient): Promise<string> {
  let answer = ''
  const note = (reason: Error & { lastNodeError?: Error }) => {
    answer ||= `${reason.message} ${reason.lastNodeError?.message ?? ''}`
  }
  client.on('error', note)
  // Some wait for a connection, and some for ever.
  const connected = client.status === 'wait' ? client.connect() : Promise.resolve()
  connected
    .then(() => client.ping())
    .then((text) => {
      answer ||= text
    }, note)
  try {
    await until(() => answer !== '', 15_000)
    return answer
  } finally {
    client.disconnect()
  }
}

/** Every way in which the product connects to Redis. */
const ways: [way: string, reach: (url: string) => Promise<string>][] = [
  ['decisions', (url) => ping(connectRedis(url, { name: 'test' }))],
  ['wake-ups', (url) => ping(connectQueue(url, 'producer'))],
  ['workers', (url) => ping(connectQueue(url, 'worker'))],
  [
    'the look at the start',
    (url) =>
      inspectRedis(url).then(
        () => 'PONG',
        ({ message }: Error) => message,
      ),
  ],
]

// With Sentinel or a cluster the client does not say why; that it reaches them when it may shows that this is all.
const unreachable = 'All sentinels are unreachable|Failed to refresh slots cache'
const certificateRefused = new RegExp(
  `self-signed certificate|unable to verify|unable to get local issuer|${unreachable}`,
)
const nameRefused = new RegExp(`does not match certificate|altnames|${unreachable}`)

let authority: Authority
let stranger: Authority
beforeAll(() => {
  authority = openAuthorityFor(atEnd)
  stranger = openAuthorityFor(atEnd)
})

describe.each([
  ['one server', openServer],
  ['a Redis Cluster', openCluster],
  ['Sentinel', openSentinel],
])('%s', { timeout: 60_000 }, (_, open) => {
  let address: (host: string) => string
  let plain: string
  beforeAll(async () => {
    ;({ address, plain } = await open())
  }, 60_000)

  it.each(ways)('is reached by TLS for %s', async (_way, reach) => {
    trust(authority)
    expect(await reach(address('localhost'))).toBe('PONG')
  })

  it.each(ways)('is not believed by %s without its authority', async (_way, reach) => {
    for (const authorities of [[], [stranger]]) {
      trust(...authorities)
      expect(await reach(address('localhost'))).toMatch(certificateRefused)
    }
  })

  it.each(ways)('is not taken for another host by %s', async (_way, reach) => {
    trust(authority)
    expect(await reach(address('127.0.0.2'))).toMatch(nameRefused)
  })

  it.each(ways)('is not spoken to without TLS by %s', async (_way, reach) => {
    trust(authority)
    expect(await reach(plain)).not.toBe('PONG')
  })
})

/** A certificate for this machine by its name and its address, but not by `127.0.0.2`, where it listens as well. */
const certify = () => authority.certify('DNS:localhost', 'IP:127.0.0.1')
const everywhere = { bind: '127.0.0.1 127.0.0.2' }

async function openServer() {
  const port = await freePort()
  const server = await startRedis(
    safeSettings({ ...everywhere, ...redisTls(authority, port, certify()) }),
  )
  atEnd(() => server.remove())
  return {
    address: (host: string) => `rediss://${host}:${port}`,
    plain: `rediss://127.0.0.1:${server.port}`,
  }
}

/** A cluster of one node, which tells whoever asks by TLS the port for it. */
async function openCluster() {
  const port = await freePort()
  const node = await startRedis(
    safeSettings({
      ...everywhere,
      ...redisTls(authority, port, certify()),
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
      'cluster-announce-ip': '127.0.0.1',
      'tls-cluster': 'yes',
    }),
  )
  atEnd(() => node.remove())
  await node.direct.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
  const isUp = async () => String(await node.direct.cluster('INFO')).includes('cluster_state:ok')
  if (!(await until(isUp, 10_000))) throw new Error('The cluster does not come up')
  return {
    address: (host: string) => `rediss+cluster://${host}:${port}`,
    plain: `rediss+cluster://127.0.0.1:${node.port}`,
  }
}

async function openSentinel() {
  const [port, sentinelPort] = [await freePort(), await freePort()]
  const primary = await startRedis(
    safeSettings({ ...everywhere, ...redisTls(authority, port, certify()) }),
  )
  atEnd(() => primary.remove())
  const sentinel = await startRedis(
    {
      ...everywhere,
      ...redisTls(authority, sentinelPort, certify()),
      'tls-replication': 'yes',
      'sentinel monitor': `sale 127.0.0.1 ${port} 1`,
    },
    ['--sentinel'],
  )
  atEnd(() => sentinel.remove())
  return {
    address: (host: string) => `rediss+sentinel://${host}:${sentinelPort}/sale`,
    plain: `rediss+sentinel://127.0.0.1:${sentinel.port}/sale`,
  }
}

describe('Postgres', { timeout: 60_000 }, () => {
  let postgres: SecuredPostgres
  beforeAll(async () => {
    postgres = await openSecuredPostgres(authority.certify('DNS:localhost'), atEnd)
  }, 60_000)

  async function ask(query: string): Promise<string> {
    const JWT_SECRET = 'x'.repeat(32)
    const { DATABASE_URL } = loadConfig({ DATABASE_URL: `${postgres.url}${query}`, JWT_SECRET })
    const orm = openOrm(DATABASE_URL as string, { poolMax: 1 })
    try {
      const { rows } = await sql<{ ssl: boolean }>`
        select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(databaseOf(orm))
      return rows[0]?.ssl ? 'by TLS' : 'in plain text'
    } catch (error) {
      return reasonOf(error)
    } finally {
      await orm.close()
    }
  }
  const modes = ['verify-full', 'verify-ca', 'require']

  it.each(modes)('is reached by TLS, with sslmode=%s', async (mode) => {
    trust(authority)
    expect(await ask(`?sslmode=${mode}`)).toBe('by TLS')
    trust()
    expect(await ask(`?sslmode=${mode}&sslrootcert=${authority.file}`)).toBe('by TLS')
  })

  it.each(modes)('is not believed without its authority, with sslmode=%s', async (mode) => {
    trust()
    expect(await ask(`?sslmode=${mode}`)).toMatch(certificateRefused)
    expect(await ask(`?sslmode=${mode}&sslrootcert=${stranger.file}`)).toMatch(certificateRefused)
  })

  it('is not spoken to without TLS', async () => {
    trust(authority)
    for (const query of ['', '?sslmode=disable']) expect(await ask(query)).toMatch(/no encryption/)
  })

  it('is not taken for another host', async () => {
    trust(authority)
    await postgres.present(authority.certify('DNS:db.example.org', 'IP:127.0.0.1'))
    for (const mode of modes) {
      await expect.poll(() => ask(`?sslmode=${mode}`), { timeout: 20_000 }).toMatch(nameRefused)
    }
  })
})

it('does not go on without TLS where Postgres has none', async () => {
  const orm = openOrm(
    `${inject('databaseUrl').replace('127.0.0.1', 'localhost')}?sslmode=verify-full`,
  )
  const asked = sql`select 1`.execute(databaseOf(orm))
  await expect(asked).rejects.toThrow('The server does not support SSL connections')
  await orm.close()
})
