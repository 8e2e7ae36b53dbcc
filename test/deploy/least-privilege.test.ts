import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../../src/services/processes.ts'
import { commandLine } from '../cli/command-line.ts'
import { jwtSecret, root, signToken } from '../e2e/engine.ts'
import { startApi, startWorker } from '../faults/real-processes.ts'
import { openSender, sellEverything } from '../support/whole-sale.ts'
import { as, openDatabaseOfRoles, openRedisOfUsers, rulesOf, users } from './rights.ts'

const operatorPassword = 'a password of operators'
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What goes on without: the start then says that it saw no settings, and the dashboard of the queues no workers. */
const looks = /command (config\|get|client\|list)$/

/** What was refused to anybody, but for these looks: who wanted what. */
async function refusalsOf(redis: Redis | Cluster): Promise<string[]> {
  const entries = (await redis.call('ACL', 'LOG')) as string[][]
  return entries
    .map((entry) => {
      const of = (field: string) => entry[entry.indexOf(field) + 1]
      return `${of('username')}: ${of('reason')} ${of('object')}`
    })
    .filter((refusal) => !looks.test(refusal))
}

describe('a process with no more rights than it needs', () => {
  it('serves a sale, persists it, proves its books and rebuilds them', async () => {
    const [server, database] = await Promise.all([openRedisOfUsers(), openDatabaseOfRoles()])
    const serversOf = (process: 'api' | 'worker') => ({
      redisUrl: as(server.url, `stampede-${process}`),
      databaseUrl: database.of(process),
    })
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const settings = { PORT: String(port), OPERATOR_PASSWORD: operatorPassword }
    const api = await startApi(serversOf('api'), { settings })
    const worker = await startWorker(serversOf('worker'), { settings: { WORKER_PORT: '0' } })
    const cast = {
      ...{ url, tokenOf: signToken, buyer: 'ada', name: 'Ada', email: 'ada@example.org' },
      ...{ code: 'EVERYBODY', key: 'key' },
    }
    const send = openSender({ ...cast, key: 'more' })
    const verified = () =>
      vi.waitFor(
        async () => {
          expect(await refusalsOf(server.redis)).toEqual([])
          const { body } = await send('/v1/verify')
          expect(body).toMatchObject({ ok: true, backlog: 0 })
        },
        { timeout: 30_000, interval: 200 },
      )

    await sellEverything(cast).catch((e) => {
      console.log(api.output.stderr, worker.output.stderr)
      throw e
    })

    // What operators look at.
    const authorization = `Basic ${Buffer.from(`x:${operatorPassword}`).toString('base64')}`
    for (const path of ['/metrics', '/readyz', '/ops/session', '/admin/queues/api/queues']) {
      expect(await send(path, { headers: { authorization } }), path).toMatchObject({ status: 200 })
    }
    const feed = await fetch(`${url}/ops/feed`, { headers: { authorization } })
    const seen = feed.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let told = ''; !/"claims":\{"/.test(told); told = (await seen?.read())?.value ?? '') {
      await send('/v1/coupons/claims', { by: 'ada', body: { code: 'NOBODYS' } })
    }
    await seen?.cancel()

    // An event that Postgres refuses, and its retry.
    const rule = 'alter table balance_history add constraint rule check (amount <> 7) not valid'
    await database.run(rule)
    await send('/v1/users/ada/charges', { body: { amount: 7 } })
    await vi.waitFor(async () => {
      const { body } = await send('/v1/dead-letters')
      expect(body.items).toHaveLength(1)
    })
    await database.run('alter table balance_history drop constraint rule')
    const retried = await send('/v1/dead-letters/retry', { body: {} })
    expect(retried.body).toMatchObject({ results: [{ result: 'applied' }] })
    await verified()

    // The hot state is lost, and a worker brings it back.
    await server.redis.del('{main}:balances')
    await worker.prints(/A shop is closed and rebuilt/)
    await verified()

    // The commands, by the rights of the API, of the worker and of the owner.
    const commandsOf = (process: 'api' | 'worker', DATABASE_URL = database.of(process)) =>
      commandLine({ JWT_SECRET: jwtSecret, REDIS_URL: serversOf(process).redisUrl, DATABASE_URL })
    for (const [commands, ...args] of [
      [commandsOf('api'), 'shop', 'create', 'outlet'],
      [commandsOf('api'), 'shop', 'list'],
      [commandsOf('api'), 'verify'],
      [commandsOf('api'), 'dead-letters', 'list'],
      [commandsOf('api'), 'dead-letters', 'retry', '--all'],
      [commandsOf('worker'), 'rebuild'],
      [commandsOf('worker'), 'verify'],
      [commandsOf('api', database.of('migrate')), 'migrate'],
    ] as const) {
      const { code, stderr } = await commands.run(...args)
      expect({ args, code, stderr: stderr.replace(/^Redis .* does not show .*\n/, '') }).toEqual({
        ...{ args, code: 0, stderr: '' },
      })
    }
    // The operations page says how a person is forgotten.
    const forget = read('docs/OPERATIONS.md').match(/^update users set .+;$/m)?.[0]
    await database.runAs('api', forget as string)
    expect((await send('/v1/users/ada')).body).toMatchObject({ name: null, email: null })
    const found = await commandsOf('api').json('doctor')
    const redis = found.body.findings.find(({ name }: { name: string }) => name === 'Redis')
    expect(redis.found).toMatch(/of REDIS_URL/)
    await verified()

    for (const { output } of [api, worker]) {
      expect(output.stderr).not.toMatch(/NOPERM|permission denied/)
    }
  }, 180_000)

  it('may give each command that its scripts and those of BullMQ give, and none that is dangerous', async () => {
    const server = await openRedisOfUsers()
    const called = (folder: string, pattern: RegExp) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(lua|js)$/.test(path))
        .flatMap((path) => [...read(join(folder, path)).matchAll(pattern)])
        .map(([, name]) => (name as string).toLowerCase())
    const commands = new Set([
      ...called('lua', /redis\.p?call\(\s*'(\w+)'/g),
      ...called('node_modules/bullmq/dist/esm/scripts', /rcall\(\s*["'](\w+)["']/g),
    ])
    expect(commands.size).toBeGreaterThan(60)
    const dangerous = (await server.redis.call('ACL', 'CAT', 'dangerous')) as string[]
    // INFO and ROLE only tell; the client of a cluster asks where its slots are.
    const harmless = ['info', 'role', 'cluster']
    for (const user of users) {
      const rules = rulesOf(user)
      const allowed = rules
        .filter((rule) => rule.startsWith('+'))
        .map((rule) => rule.slice(1).split('|')[0] as string)
      expect([...commands].filter((command) => !allowed.includes(command))).toEqual([])
      expect(rules.filter((rule) => rule.startsWith('+@') || rule === 'allcommands')).toEqual([])
      const risky = allowed.filter((command) => dangerous.includes(command))
      expect(risky.filter((command) => !harmless.includes(command))).toEqual([])
    }
  })

  it('can do nothing else in Redis', async () => {
    const server = await openRedisOfUsers()
    await server.redis.set('foreign', 'value')
    for (const user of users) {
      const redis = await connected(as(server.url, user))
      for (const command of [
        ...['FLUSHALL', 'FLUSHDB', 'SHUTDOWN', 'KEYS *', 'SCAN 0', 'RANDOMKEY', 'MONITOR', 'SAVE'],
        ...['CONFIG GET requirepass', 'CONFIG SET save x', 'REPLICAOF NO ONE', 'BGREWRITEAOF'],
        ...['ACL LIST', 'ACL SETUSER x', 'SCRIPT FLUSH', 'SCRIPT KILL', 'FUNCTION FLUSH'],
        ...[
          'CLIENT KILL TYPE normal',
          'CLIENT LIST',
          'CLIENT PAUSE 1',
          'SWAPDB 0 1',
          'SLOWLOG GET',
        ],
        ...[
          'GET foreign',
          'DEL foreign',
          'SET {a foreign',
          'RENAME {a}:b foreign',
          'DEBUG SLEEP 0',
        ],
        ...['SUBSCRIBE foreign', 'PUBLISH foreign x', 'PSUBSCRIBE *', 'MIGRATE h 1 {a}:b 0 1'],
        ...[
          'MODULE LOAD x',
          'CLUSTER FAILOVER',
          'CLUSTER RESET',
          'OBJECT ENCODING {a}:b',
          'SORT {a}:b',
        ],
      ]) {
        const [name, ...parameters] = command.split(' ') as [string, ...string[]]
        const dryRun = await server.redis.call('ACL', 'DRYRUN', user, name, ...parameters)
        expect(`${dryRun}`, `${user}: ${command}`).toMatch(/no permissions|can't run|can't access/i)
        // Redis does not even look who asks for these.
        if (name === 'DEBUG' || name === 'MODULE') continue
        await expect(redis.call(name, ...parameters), command).rejects.toThrow(/NOPERM/)
      }
      for (const call of [`'GET', 'foreign'`, `'RANDOMKEY'`]) {
        const script = `return redis.call(${call})`
        await expect(redis.eval(script, 0)).rejects.toThrow(/The user executing the script can't/)
      }
    }
    const worker = await connected(as(server.url, 'stampede-worker'))
    for (const command of [
      'GET guesses:user:main:ada',
      'DEL lockouts:x',
      'PUBLISH stampede:pulse:0 x',
    ]) {
      const [name, ...parameters] = command.split(' ') as [string, ...string[]]
      await expect(worker.call(name, ...parameters), command).rejects.toThrow(/NOPERM/)
    }
    expect(await server.redis.get('foreign')).toBe('value')
  })

  it('can do nothing else in Postgres', async () => {
    const database = await openDatabaseOfRoles()
    const { runAs } = database
    for (const role of ['api', 'worker']) {
      for (const statement of [
        ...['drop table orders', 'truncate orders', 'alter table orders add column more text'],
        ...['create table more (id int)', 'create temporary table more (id int)'],
        ...['create role more', `alter role stampede_${role} superuser`, 'create schema more'],
        ...[`copy orders to program 'cat'`, `copy orders from '/etc/passwd'`],
        ...[`select pg_read_file('/etc/passwd')`, 'update pg_authid set rolsuper = true'],
        ...['alter table orders disable trigger all', 'set role stampede_migrate'],
        ...['delete from orders', 'delete from payments', 'delete from users'],
        ...['update balance_history set amount = 0', 'delete from balance_history'],
        ...['update coupon_history set line = 0', 'update product_stock_history set change = 0'],
        ...['update refunds set amount = 0', 'update mikro_orm_migrations set name = name'],
        ...['update shops set created_at = now()'],
        ...(role === 'worker' ? ['delete from dead_letters', 'update users set name = name'] : []),
        ...(role === 'api' ? [`insert into rebuilds (shop) values ('main')`] : []),
      ]) {
        await expect(runAs(role, statement), `${role}: ${statement}`).rejects.toThrow(
          /permission denied|must be owner/,
        )
      }
    }
    await expect(runAs('migrate', 'create role more')).rejects.toThrow(/permission denied/)
  })

  it('may read every table, and has the same rights where an earlier owner had made the tables', async () => {
    const database = await openDatabaseOfRoles()
    const rightsOf = async () => {
      const { rows } = await database.run(`
        select table_name, grantee, string_agg(privilege_type, ' ' order by privilege_type) as rights
        from information_schema.table_privileges
        where table_schema = 'public' and grantee in ('stampede_api', 'stampede_worker')
        group by table_name, grantee order by 1, 2`)
      return rows as { table_name: string; grantee: string; rights: string }[]
    }
    const rights = await rightsOf()
    const { rows } = await database.run(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    )
    const tables = (rows as { name: string }[]).map(({ name }) => name)
    const readable = new Set(rights.map(({ table_name }) => table_name))
    expect(tables).toContain('orders')
    expect(tables.filter((name) => !readable.has(name))).toEqual([])

    await database.run('alter table orders owner to current_user')
    await database.run('grant all on orders, balance_history to public, stampede_api')
    await database.giveRights()
    expect(await rightsOf()).toEqual(rights)
    await expect(database.runAs('api', 'delete from orders')).rejects.toThrow(/permission denied/)
  })
})

async function connected(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0 })
  onTestFinished(() => redis.disconnect())
  await redis.connect()
  return redis
}
