import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createSigner } from 'fast-jwt'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { afterAll, expect, vi } from 'vitest'
import { openOrm } from '../../src/db/orm.ts'
import { freePort } from '../../src/services/processes.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'
import { startProcess } from '../e2e/engine.ts'
import type { Answer } from '../http/client.ts'
import { temporaryFolder } from '../services/folder.ts'
import { createDatabase } from '../support/postgres.ts'
import { type Cast, openSender, sellEverything } from '../support/whole-sale.ts'
import { openGate } from '../workers/gate.ts'

/** What nobody may find again outside of where it belongs; each is one of a kind. */
export const person = {
  buyer: 'marked-buyer',
  name: 'Marked Name',
  email: 'marked@example.org',
  code: 'MARKED-CODE',
  key: 'marked-key',
}
const secrets = {
  jwtSecret: 'marked-jwt-secret-of-32-characters-or-more',
  operatorPassword: 'marked-operator-password',
  postgresPassword: 'marked-postgres-password',
  badToken: 'marked-token.of.nobody',
  badPassword: 'marked-guess-of-a-password',
  guessedCode: 'MARKED-GUESS',
}
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`x:${password}`).toString('base64')}`,
})

/**
 * A whole sale and much of what may go wrong with it, by API processes and a worker that log all they can. Call it at
 * the top of a file.
 *
 * @returns what they told, by where; what the stores have; and every secret of the sale.
 */
export async function openMarkedSale() {
  const stores = await openMarkedStores()
  const collector = await openListener()
  const [port, workerPort] = [await freePort(), await freePort()]
  const settings = {
    REDIS_URL: stores.redisGate.address,
    DATABASE_URL: stores.postgresGate.address,
    JWT_SECRET: secrets.jwtSecret,
    OPERATOR_PASSWORD: secrets.operatorPassword,
    PORT: String(port),
    WORKER_PORT: String(workerPort),
    API_PROCESSES: '2',
    LOG_LEVEL: 'trace',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  }
  const api = startProcess([process.execPath, 'src/server.ts'], settings, () => {})
  const worker = startProcess([process.execPath, 'workers/main.ts'], settings, () => {})
  // A file that fails before its tests runs none of its hooks.
  try {
    await Promise.all([api.prints(/("listening".*){2}/s), worker.prints(/"working"/)])
    const tokens: string[] = []
    const sign = createSigner({ key: secrets.jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })
    const tokenOf: Cast['tokenOf'] = (sub, role) => {
      tokens.push(sign({ sub, role }))
      return tokens.at(-1) as string
    }
    const cast = { ...person, url: `http://127.0.0.1:${port}`, tokenOf }
    const answers = await sellEverything(cast)
    const problems = await provoke({
      cast,
      stores,
      worker,
      optionId: answers.product?.body.options[0].id,
    })

    const told: Record<string, string> = { arguments: argumentsOfProcesses() }
    for (const path of ['/metrics', '/readyz', '/admin/queues/api/queues']) {
      const headers = basic(secrets.operatorPassword)
      told[path] = await (await fetch(`${cast.url}${path}`, { headers })).text()
      if (path !== '/metrics') continue
      told['/metrics of the worker'] = await (
        await fetch(`http://127.0.0.1:${workerPort}${path}`, { headers })
      ).text()
    }
    const stored = await stores.read()
    await breakState(stores, cast, problems)
    await Promise.all([api.stop(), worker.stop()])
    told['log of the API'] = api.output.stderr + api.output.stdout
    told['log of the worker'] = worker.output.stderr + worker.output.stdout
    told.spans = collector.messages.join('\n')
    told.problems = problems.map(({ body }) => JSON.stringify(body)).join('\n')
    return {
      told,
      stored,
      problems,
      secrets: {
        ...secrets,
        redisPassword: stores.redisPassword,
        singleUseCode: String(answers.codes?.body).split('\n')[1] as string,
        pass: String(answers.entry?.body.pass),
        aToken: tokens[0] as string,
        anotherToken: tokens.find((token) => token !== tokens[0]) as string,
        key: person.key,
      },
    }
  } finally {
    await Promise.all([api.stop(), worker.stop()])
    await Promise.all([stores.close(), collector.close()])
  }
}

type MarkedStores = Awaited<ReturnType<typeof openMarkedStores>>

/** A Redis and a Postgres with passwords of one kind, behind gates that may be shut. */
async function openMarkedStores() {
  const server = await openRedisServer(temporaryFolder(afterAll), () => {})
  const databaseUrl = new URL(await createDatabase())
  const admin = openOrm(databaseUrl.href, { poolMax: 1 })
  const query = async <Row>(statement: string) =>
    (await sql.raw<Row>(statement).execute(admin.em.getKysely())).rows
  databaseUrl.username = `marked_role_${process.pid}`
  databaseUrl.password = secrets.postgresPassword
  await query(
    `create role ${databaseUrl.username} superuser login password '${secrets.postgresPassword}'`,
  )
  const redis = new Redis(server.url)
  return {
    redis,
    query,
    redisGate: await openGate(server.url),
    postgresGate: await openGate(databaseUrl.href),
    redisPassword: new URL(server.url).password,
    async close() {
      redis.disconnect()
      await Promise.all([server.stop(), admin.close()])
    },
    /** All that both have, as text. */
    async read() {
      const stored = { jobs: '', redis: '', postgres: '' }
      for (const key of await redis.keys('*')) {
        const line = `${key} ${await contentOf(redis, key)}\n`
        if (key.startsWith('{stampede}')) stored.jobs += line
        else stored.redis += line
      }
      const tables = await query<{ name: string }>(
        `select tablename as name from pg_tables where schemaname = 'public'`,
      )
      for (const { name } of tables) {
        stored.postgres += JSON.stringify(
          await query(`select '${name}', to_jsonb(t) from ${name} t`),
        )
      }
      return stored
    },
  }
}

async function contentOf(redis: Redis, key: string): Promise<string> {
  const read: Record<string, () => Promise<unknown>> = {
    string: () => redis.get(key),
    hash: () => redis.hgetall(key),
    list: () => redis.lrange(key, 0, -1),
    set: () => redis.smembers(key),
    zset: () => redis.zrange(key, '0', '-1'),
    stream: () => redis.xrange(key, '-', '+'),
    none: async () => '',
  }
  return JSON.stringify(await read[await redis.type(key)]?.())
}

/** Takes what is sent to it, as text. */
async function openListener() {
  const messages: string[] = []
  const server = createServer(async (request, response) => {
    messages.push(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => server.close()
  return { messages, close, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** What everybody on this machine sees of the processes that run. */
function argumentsOfProcesses(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return '' // It has ended meanwhile.
      }
    })
    .join('\n')
}

/** Asks until the answer is a problem of this code. */
async function refused(
  { send, problems }: { send: ReturnType<typeof openSender>; problems: Answer[] },
  path: string,
  request: Parameters<typeof send>[1],
  code: string,
): Promise<void> {
  const patience = { timeout: 20_000, interval: 50 }
  const answer = await vi.waitFor(async () => {
    const one = await send(path, request)
    expect(one.code, `${path}: ${JSON.stringify(one.body)}`).toBe(code)
    return one
  }, patience)
  problems.push(answer)
}

/** What clients do wrong, a row that Postgres refuses, and both stores away, one after the other. */
async function provoke(scene: {
  cast: Cast
  stores: MarkedStores
  worker: ReturnType<typeof startProcess>
  optionId: string
}): Promise<Answer[]> {
  const { cast, stores, worker, optionId } = scene
  const { query, redisGate, postgresGate } = stores
  const problems: Answer[] = []
  const send = openSender({ ...cast, key: `${cast.key}-more` })
  const by = cast.buyer
  const ask = (path: string, request: Parameters<typeof send>[1], code: string) =>
    refused({ send, problems }, path, request, code)

  const badToken = { authorization: `Bearer ${secrets.badToken}` }
  await ask('/v1/me', { headers: badToken }, 'unauthorized')
  await ask('/v1/users', { by, body: { name: person.name } }, 'forbidden')
  await ask('/v1/users', { body: { name: person.name, id: [person.email] } }, 'invalid_request')
  await ask(
    '/v1/users',
    { body: { id: 'second', name: 'Second', email: person.email } },
    'email_taken',
  )
  await ask('/v1/coupons/claims', { by, body: { code: secrets.guessedCode } }, 'code_not_found')
  await ask(`/v1/nothing/${by}`, {}, 'not_found')
  await ask('/metrics', { headers: basic(secrets.badPassword) }, 'unauthorized')

  await query(`alter table users add constraint rule check (id <> 'third')`)
  const third = { id: 'third', name: person.name, email: `3${person.email}` }
  await ask('/v1/users', { body: third }, 'internal')
  await query('alter table balance_history add constraint rule check (amount <> 7) not valid')
  await send(`/v1/users/${by}/charges`, { body: { amount: 7 } })
  await worker.prints(/events became dead letters/)
  postgresGate.shut()
  await send(`/v1/users/${by}/charges`, { body: { amount: 8 } })
  await worker.prints(/Bringing the events .* fails/)
  await ask('/v1/me', { by }, 'unavailable')
  await ask('/v1/users', { body: { id: by, name: person.name } }, 'unavailable')
  postgresGate.open()

  redisGate.shut()
  const order = { items: [{ optionId, quantity: 1 }] }
  await ask('/v1/orders', { by, body: order }, 'unavailable')
  await ask('/v1/coupons/claims', { by, body: { code: cast.code } }, 'unavailable')
  redisGate.open()
  await vi.waitFor(async () => expect((await send('/v1/me', { by })).status).toBe(200), {
    ...{ timeout: 20_000, interval: 50 },
  })
  return problems
}

/** Somebody writes into Redis by hand: to the engine those are bugs. */
async function breakState(stores: MarkedStores, cast: Cast, problems: Answer[]): Promise<void> {
  const { redis } = stores
  const send = openSender({ ...cast, key: `${cast.key}-broken` })
  const by = cast.buyer
  await redis.set(`guesses:user:main:${by}`, 'broken')
  const guess = { by, body: { code: secrets.guessedCode } }
  await refused({ send, problems }, '/v1/coupons/claims', guess, 'unavailable')
  await redis.set('{main}:balances', 'broken')
  await refused({ send, problems }, '/v1/verify', {}, 'internal')
}
