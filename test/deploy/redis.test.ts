import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Settings, startRedis } from '../../fixtures/redis-process.ts'
import { freePort } from '../../src/services/processes.ts'
import { inspectRedis } from '../../src/services/redis-check.ts'
import { withRedis } from '../../src/services/redis-connection.ts'
import { root, runCommand, startProcess } from '../e2e/engine.ts'
import { temporaryFolder } from '../services/folder.ts'

/** The settings of the file that the compose file mounts. */
const settings = Object.fromEntries(
  readFileSync(join(root, 'deploy/redis/redis.conf'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replaceAll('"', '').split(' ') as [string, string]),
)

async function startServer(more: Settings = {}) {
  const server = await startRedis({ bind: '127.0.0.1', ...settings, ...more })
  onTestFinished(server.remove)
  return server
}

it('a Redis with the settings of the compose file loses nothing that it accepted', async () => {
  const { url } = await startServer()
  expect(await inspectRedis(url)).toMatchObject({ readable: true, unsafe: [], advice: [] })
})

it('its start gives each user the password of the environment, and shows none to anybody', async () => {
  const folder = temporaryFolder()
  const port = String(await freePort())
  // Redis hides its arguments as soon as it runs, so somebody looks at them before.
  const program = join(folder, 'redis-server')
  writeFileSync(program, '#!/bin/sh\necho "$@"\nPATH="$REAL_PATH" exec redis-server "$@"\n')
  chmodSync(program, 0o755)
  const passwords = { admin: 'marked1admin', api: 'marked2api', worker: 'marked3worker' }
  const server = startProcess(
    ['sh', 'deploy/redis/start.sh', '--port', port, '--dir', folder, '--bind', '127.0.0.1'],
    {
      TMPDIR: folder,
      PATH: `${folder}:${process.env.PATH}`,
      REAL_PATH: `${process.env.PATH}`,
      STAMPEDE_PASSWORD: passwords.admin,
      STAMPEDE_API_PASSWORD: passwords.api,
      STAMPEDE_WORKER_PASSWORD: passwords.worker,
    },
  )
  await server.prints(/Ready to accept connections/)
  const seen = [readFileSync(join(folder, 'redis-users.conf'), 'utf8'), server.output.stdout].join(
    '\n',
  )
  expect(seen).toContain('user stampede-worker on #')
  expect(seen).toContain(`--port ${port}`)
  expect(seen).not.toMatch(/marked\d/)
  expect(statSync(join(folder, 'redis-users.conf')).mode & 0o077).toBe(0)

  const whoami = (user: string, password: string) =>
    withRedis(`redis://${user}:${password}@127.0.0.1:${port}`, (redis) =>
      redis.xlen('{main}:outbox'),
    )
  expect(await whoami('default', passwords.admin)).toBe(0)
  expect(await whoami('stampede-api', passwords.api)).toBe(0)
  expect(await whoami('stampede-worker', passwords.worker)).toBe(0)
  await expect(whoami('default', passwords.api)).rejects.toThrow('WRONGPASS')
  await expect(whoami('stampede-api', passwords.worker)).rejects.toThrow('WRONGPASS')
  await expect(
    withRedis(`redis://127.0.0.1:${port}`, (redis) => redis.xlen('{main}:outbox')),
  ).rejects.toThrow('NOAUTH')
})

it('its nodes become a Redis Cluster that can be used, however often they are joined', async () => {
  const nodes = await Promise.all([1, 2, 3].map(() => startServer({ 'cluster-enabled': 'yes' })))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const join = () => runCommand(['sh', 'deploy/redis/form-cluster.sh', ...addresses], {})
  expect(await join()).toMatchObject({ code: 0, stderr: '' })
  expect(await join()).toMatchObject({ code: 0, stderr: '' })
  const found = await inspectRedis(`redis+cluster://${addresses[0]}`)
  expect(found).toMatchObject({ readable: true, unsafe: [], advice: [] })
})
