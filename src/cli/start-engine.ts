import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { limits } from '../limits.ts'
import { connectRedis } from '../redis/client.ts'
import { portTaken } from '../services/http-server.ts'
import { type RunningProcess, runProcess, supervisedFlag } from '../services/lifecycle.ts'
import { defaultShop, prepareStores } from '../services/prepare.ts'
import { freePort, until } from '../services/processes.ts'
import { serverUrl } from '../services/server-url.ts'
import { resolveServices } from '../services/services.ts'
import { type Supervised, supervise } from '../services/supervisor.ts'
import { seedDemo } from './seed.ts'

const root = join(import.meta.dirname, '../..')

/**
 * The whole engine by one command: the servers, the stores, the API and the workers, each in its own process. It runs
 * until it is asked to stop.
 *
 * @param tell.print gets lines for people while it starts.
 * @param tell.onReady gets the address where it serves.
 * @param tell.onFailure gets the reason why it does not start.
 */
export async function startEngine(tell: {
  print: (line: string) => void
  onReady: (url: string) => void
  onFailure: (error: unknown) => void
}): Promise<void> {
  const { print, onReady, onFailure } = tell
  await runProcess('start', (engine) => start(engine, print, onReady), onFailure)
}

async function start(
  { config, log, lifecycle }: RunningProcess,
  print: (line: string) => void,
  onReady: (url: string) => void,
): Promise<void> {
  const { open, isStopping } = lifecycle
  const port = await freePort(config.PORT, config.HOST)
  if (config.PORT !== 0 && port !== config.PORT) throw portTaken(config)

  const services = await open(
    'services',
    () => resolveServices(config),
    (it) => it.release(),
  )
  for (const line of services.describe) print(line)
  await open('stores', () => prepareStores(services))
  if (config.SEED_DEMO && (await open('seed', () => seed(services.redisUrl, config)))) {
    print('Seeded a demo product and coupon')
  }
  services.watch((line) => log.warn(line))

  // They find the servers as this process did, by the same configuration.
  const environment = { ...process.env, PORT: String(port) }
  const run = (name: string, file: string) => {
    const start = () =>
      fork(join(root, file), [supervisedFlag], { cwd: process.cwd(), env: environment })
    return open(
      name,
      () => supervise(name, log, start, isStopping),
      (it) => it.stop(),
    )
  }
  const worker = await run('worker', 'workers/main.ts')
  const api = await run('api', 'src/server.ts')

  const url = serverUrl({ ...config, PORT: port }).origin
  await becomeReady(url, [api, worker])
  if (isStopping()) return
  print(`Live sale: ${url}/ops`)
  print(`The shop, as buyers see it: ${url}/shop`)
  print(`API reference: ${url}/docs, as OpenAPI 3.1: ${url}/openapi.json`)
  print(`Health: ${url}/livez and ${url}/readyz`)
  print(`Products: ${url}/v1/products`)
  print('A token to act with: npm run -s token -- --sub alice')
  onReady(url)
}

async function seed(redisUrl: string, config: Config): Promise<boolean> {
  const redis = connectRedis(redisUrl, { name: 'seed' })
  redis.on('error', () => {}) // The rejected command tells.
  try {
    await redis.connect()
    return await seedDemo(redis, defaultShop, config.ORDER_HOLD_MS)
  } finally {
    redis.disconnect()
  }
}

async function becomeReady(url: string, processes: Supervised[]): Promise<void> {
  let ended: string | undefined
  for (const one of processes) {
    one.firstExit.then((how) => {
      ended = how
    })
  }
  let answer = 'no answer'
  const isReady = await until(async () => {
    if (ended) throw new Error(`${ended} while it started.`)
    const response = await fetch(`${url}/readyz`).catch(() => null)
    answer = (await response?.text()) ?? answer
    return response?.ok ?? false
  }, limits.serverStartMs)
  if (!isReady) throw new Error(`The API did not become ready: ${answer}`)
}
