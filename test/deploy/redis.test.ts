import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Settings, startRedis } from '../../fixtures/redis-process.ts'
import { inspectRedis } from '../../src/services/redis-check.ts'
import { root, runCommand } from '../e2e/engine.ts'

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

it('its nodes become a Redis Cluster that can be used, however often they are joined', async () => {
  const nodes = await Promise.all([1, 2, 3].map(() => startServer({ 'cluster-enabled': 'yes' })))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const join = () => runCommand(['sh', 'deploy/redis/form-cluster.sh', ...addresses], {})
  expect(await join()).toMatchObject({ code: 0, stderr: '' })
  expect(await join()).toMatchObject({ code: 0, stderr: '' })
  const found = await inspectRedis(`redis+cluster://${addresses[0]}`)
  expect(found).toMatchObject({ readable: true, unsafe: [], advice: [] })
})
