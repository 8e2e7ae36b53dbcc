import { afterAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { freePort, run } from '../../src/services/processes.ts'
import { withRedis } from '../../src/services/redis-connection.ts'
import { resolveServices } from '../../src/services/services.ts'
import { runCommand, signToken } from '../e2e/engine.ts'
import { startApi, startWorker } from '../faults/real-processes.ts'
import { temporaryFolder } from '../services/folder.ts'
import { openSender } from '../support/whole-sale.ts'
import { as, openDatabaseOfRoles, openRedisOfUsers, password } from './rights.ts'

const hasPsql = (await run('psql', ['--version'])) !== null
// The roles are those of a whole server, so the one of the other tests keeps its own.
const DATA_DIR = temporaryFolder(afterAll)
const services = await resolveServices(loadConfig({ DATA_DIR }), () => {})
afterAll(services.release)
const openDatabase = () => openDatabaseOfRoles(services.databaseUrl)
const cast = {
  ...{ tokenOf: signToken, buyer: 'ada', name: 'Ada', email: 'ada@example.org' },
  ...{ code: 'EVERYBODY', key: 'key' },
}

it('passwords of both stores are replaced while a shop sells, by a second one beside the first', async () => {
  const [server, database] = await Promise.all([openRedisOfUsers(), openDatabase()])
  const start = async (process: 'api' | 'worker', redisPassword: string, role: string) => {
    const servers = {
      redisUrl: as(server.url, `stampede-${process}`, redisPassword),
      databaseUrl: as(database.of(process), role),
    }
    const port = await freePort()
    const started = await (process === 'api' ? startApi : startWorker)(servers, {
      settings: { PORT: String(port) },
    })
    return { ...started, send: openSender({ ...cast, url: `http://127.0.0.1:${port}` }) }
  }
  const charge = (api: Awaited<ReturnType<typeof start>>) =>
    api.send('/v1/users/ada/charges', {
      body: { amount: 1 },
      headers: { 'idempotency-key': `charge-${++charges}` },
    })
  let charges = 0
  const [oldApi, oldWorker] = await Promise.all([
    start('api', password, 'stampede_api'),
    start('worker', password, 'stampede_worker'),
  ])
  expect(await charge(oldApi)).toMatchObject({ status: 201 })

  for (const process of ['api', 'worker']) {
    await server.redis.call('ACL', 'SETUSER', `stampede-${process}`, '>another-password')
    await database.run(`create role stampede_${process}_2 login password '${password}'
      in role stampede_${process}`)
  }
  const [newApi] = await Promise.all([
    start('api', 'another-password', 'stampede_api_2'),
    start('worker', 'another-password', 'stampede_worker_2'),
  ])
  // Both are there, so whoever asks is answered by the one or the other.
  expect(await charge(oldApi)).toMatchObject({ status: 201 })
  expect(await charge(newApi)).toMatchObject({ status: 201 })
  await Promise.all([oldApi.stop(), oldWorker.stop()])
  for (const process of ['api', 'worker']) {
    await server.redis.call('ACL', 'SETUSER', `stampede-${process}`, `<${password}`)
    await database.run(`alter role stampede_${process} nologin`)
  }
  expect(await charge(newApi)).toMatchObject({ status: 201 })
  await expect
    .poll(async () => (await newApi.send('/v1/verify')).body, { timeout: 20_000 })
    .toMatchObject({ ok: true, backlog: 0 })
  expect((await newApi.send('/v1/me', { by: 'ada' })).body.balance).toBe(charges)
  const byOld = withRedis(as(server.url, 'stampede-api'), (redis) => redis.ping())
  await expect(byOld).rejects.toThrow('WRONGPASS')
  await expect(database.runAs('api', 'select 1')).rejects.toThrow('not permitted to log in')
  for (const process of ['api', 'worker'])
    await database.run(`alter role stampede_${process} login`)
}, 120_000)

it.runIf(hasPsql)('the passwords of the roles are those of the environment', async () => {
  const database = await openDatabase()
  const url = new URL(database.admin)
  const given = {
    STAMPEDE_PASSWORD: `it's "quoted"`,
    STAMPEDE_API_PASSWORD: password,
    STAMPEDE_WORKER_PASSWORD: password,
  }
  const files = ['roles.sql', 'passwords.sql'].flatMap((file) => [
    '--file',
    `deploy/postgres/${file}`,
  ])
  const set = (settings: Record<string, string>) =>
    runCommand(['psql', '--quiet', '--dbname', url.href, ...files], settings)
  expect(await set(given)).toMatchObject({ code: 0, stderr: '' })
  const owner = as(database.admin, 'stampede_migrate', given.STAMPEDE_PASSWORD)
  expect((await database.runOn(owner, 'select 1 as one')).rows).toEqual([{ one: 1 }])
  expect((await set({ ...given, STAMPEDE_PASSWORD: password })).code).toBe(0)
  await expect(database.runOn(owner, 'select 1')).rejects.toThrow(/password authentication failed/)
})
