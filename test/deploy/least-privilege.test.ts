import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { openOrm } from '../../src/db/orm.ts'
import { newId } from '../../src/domain/ids.ts'
import { jwtSecret, root } from '../e2e/engine.ts'
import { openPrivateRedis } from '../faults/private-redis.ts'
import { startApi, startWorker } from '../faults/real-processes.ts'
import { temporaryFolder } from '../services/folder.ts'

const password = 'a-password-of-the-test'
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const digest = createHash('sha256').update(password).digest('hex')

/** The rules of a user as deploy/redis/users.conf has them. */
function rulesOf(user: string): string[] {
  const [, rules] =
    new RegExp(`^user ${user} (.+)$`, 'm').exec(read('deploy/redis/users.conf')) ?? []
  return (rules as string).replace(/#\w+_PASSWORD_SHA256/, `#${digest}`).split(' ')
}

function as(url: string, username: string): string {
  const own = new URL(url)
  own.username = username
  own.password = password
  return own.href
}

async function openRedisOfUsers() {
  const server = await openPrivateRedis(temporaryFolder())
  for (const user of ['stampede-api', 'stampede-worker']) {
    await server.redis.call('ACL', 'SETUSER', user, ...rulesOf(user))
  }
  return server
}

async function openDatabaseOfRoles() {
  const admin = new URL(inject('databaseUrl'))
  const database = `roles_${newId().replaceAll('-', '_').toLowerCase()}`
  const runOn = async (url: string, statement: string) => {
    const orm = openOrm(url, { poolMax: 1 })
    try {
      return await sql.raw(statement).execute(orm.em.getKysely())
    } finally {
      await orm.close()
    }
  }
  await runOn(admin.href, `create database ${database}`)
  admin.pathname = `/${database}`
  await runOn(admin.href, read('deploy/postgres/roles.sql'))
  for (const role of ['migrate', 'api', 'worker']) {
    await runOn(admin.href, `alter role stampede_${role} password '${password}'`)
  }
  await migrate(as(admin.href, 'stampede_migrate'))
  return { of: (role: string) => as(admin.href, `stampede_${role}`), runOn }
}

async function connected(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0 })
  onTestFinished(() => redis.disconnect())
  await redis.connect()
  return redis
}

describe('a process with no more rights than it needs', () => {
  it('serves a sale, persists it and proves its books', async () => {
    const [server, database] = await Promise.all([openRedisOfUsers(), openDatabaseOfRoles()])
    const serversOf = (process: string) => ({
      redisUrl: as(server.url, `stampede-${process}`),
      databaseUrl: database.of(process),
    })
    const port = 20_000 + (process.pid % 20_000)
    const settings = { PORT: String(port) }
    const api = await startApi(serversOf('api'), { settings })
    const worker = await startWorker(serversOf('worker'))

    const sign = createSigner({ key: jwtSecret, expiresIn: 600_000 })
    let keys = 0
    const send = async (method: string, path: string, role: string, body?: object) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${sign({ sub: role, role: role === 'boss' ? 'admin' : 'user' })}`,
          'idempotency-key': `key-${++keys}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      // biome-ignore lint/suspicious/noExplicitAny: the bodies differ.
      return { status: response.status, body: (await response.json()) as any }
    }
    const user = await send('POST', 'users', 'boss', { id: 'ada', name: 'Ada' })
    const options = [{ price: 10, stock: 5 }]
    const product = await send('POST', 'products', 'boss', { name: 'Trainers', options })
    const facts = { name: 'Fast', discountType: 'FIXED', discountValue: 1, totalQuantity: 3 }
    const coupon = await send('POST', 'coupons', 'boss', facts)
    const charge = await send('POST', 'users/ada/charges', 'boss', { amount: 100 })
    const claim = await send('POST', `coupons/${coupon.body.id}/claims`, 'ada')
    const guess = await send('POST', 'coupons/claims', 'ada', { code: 'nobody-made-it' })
    const items = [{ optionId: product.body.options[0].id, quantity: 1 }]
    const order = await send('POST', 'orders', 'ada', { items, pay: true })
    const held = await send('POST', 'orders', 'ada', { items })
    const popular = await send('GET', 'products/popular', 'ada')
    const statuses = [user, product, coupon, charge, claim, guess, order, held, popular]
    expect(statuses.map(({ status }) => status)).toEqual([
      ...Array(5).fill(201),
      404,
      ...[201, 201, 200],
    ])
    await vi.waitFor(
      async () => {
        const verified = await send('GET', 'verify', 'boss')
        expect(verified.body).toMatchObject({ ok: true, backlog: 0 })
      },
      { timeout: 30_000, interval: 200 },
    )
    const refused = /NOPERM|permission denied/
    for (const process of [api, worker]) {
      const complaints = process
        .complaints()
        .filter(({ msg, err }) => refused.test(`${msg} ${err?.message}`))
      expect(complaints).toEqual([])
    }
  })

  it('can do nothing else in Redis', async () => {
    const server = await openRedisOfUsers()
    await server.redis.set('foreign', 'value')
    for (const user of ['stampede-api', 'stampede-worker']) {
      const redis = await connected(as(server.url, user))
      const forbidden = [
        ...['FLUSHALL', 'FLUSHDB', 'SHUTDOWN', 'KEYS *', 'MONITOR', 'DEBUG SLEEP 0', 'ACL LIST'],
        ...['CONFIG GET requirepass', 'CONFIG SET save x', 'REPLICAOF NO ONE', 'SCRIPT FLUSH'],
        ...[
          'FUNCTION FLUSH',
          'CLIENT KILL TYPE normal',
          'GET foreign',
          'DEL foreign',
          'SWAPDB 0 1',
        ],
        ...['SUBSCRIBE foreign', 'PUBLISH foreign x', 'MIGRATE h 1 {a}:b 0 1', 'MODULE LOAD x'],
      ]
      for (const command of forbidden) {
        const [name, ...parameters] = command.split(' ') as [string, ...string[]]
        await expect(redis.call(name, ...parameters), command).rejects.toThrow(/NOPERM/)
      }
      const reach = "return redis.call('GET', 'foreign')"
      await expect(redis.eval(reach, 0)).rejects.toThrow(/permission|NOPERM/i)
    }
    expect(await server.redis.get('foreign')).toBe('value')
  })

  it('can do nothing else in Postgres', async () => {
    const database = await openDatabaseOfRoles()
    for (const role of ['api', 'worker']) {
      for (const statement of [
        'drop table orders',
        'truncate orders',
        'alter table orders add column more text',
        'create table more (id int)',
        'create role more',
        `copy orders to program 'cat'`,
        `select pg_read_file('/etc/passwd')`,
        `update pg_authid set rolsuper = true`,
        'drop trigger if exists any on orders',
      ]) {
        await expect(database.runOn(database.of(role), statement), statement).rejects.toThrow(
          /permission denied|must be owner|must be a superuser|denied/,
        )
      }
    }
  })
})
