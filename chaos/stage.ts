import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from '../src/services/data-folder.ts'
import { prepareStores } from '../src/services/prepare.ts'
import { freePort, until } from '../src/services/processes.ts'
import { type Link, openLink } from './link.ts'
import { type WatchedServer, watchServer } from './servers.ts'
import { type Supervised, supervise } from './supervised.ts'

export const apiNames = ['api-1', 'api-2'] as const
export const workerNames = ['worker-1', 'worker-2'] as const
export type ApiName = (typeof apiNames)[number]
export type WorkerName = (typeof workerNames)[number]
export type ProcessName = ApiName | WorkerName

/** Who is connected through a link of its own, and to what. */
export type LinkName = `client>${ApiName}` | `${ProcessName}>redis` | `${ProcessName}>postgres`

export const linkNames: readonly LinkName[] = [
  ...apiNames.map((api) => `client>${api}` as const),
  ...[...apiNames, ...workerNames].flatMap(
    (name) => [`${name}>redis`, `${name}>postgres`] as const,
  ),
]

/** Secret of the tokens of a run; it guards nothing but the data of this run. */
export const jwtSecret = 'a secret that only this run of the chaos harness uses'

/** Short, so that orders lapse while the run goes on. */
const holdMs = 3_000
const readyMs = 90_000

/** A whole engine as it runs in earnest, each process of its own, with a breakable link between any two of them. */
export type Stage = {
  folder: string
  /** What the processes say, a file each. */
  logs: string
  processes: Record<ProcessName, Supervised>
  redis: WatchedServer
  postgres: WatchedServer
  links: Record<LinkName, Link>
  /** Base address of an API process, through the client's link to it. */
  apiUrl(name: ApiName): URL
  /** Waits until every API process says that it is ready. Returns what one says instead, or null. */
  findUnready(): Promise<string | null>
  /** Keeps the folder at the close: the logs, the journal and the data of the servers. */
  keep(): void
  close(): Promise<void>
}

export type StageOptions = {
  /** The tree whose processes are run. */
  engine: string
  /** Lets the engine take a Redis that may lose what it accepted. */
  allowUnsafeRedis: boolean
  /** May change the files of Redis while it is down. */
  beforeRedisStart?: ((folder: string) => void) | undefined
  random: () => number
}

/** Starts everything in a new folder on free ports, and waits until it serves. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const folder = openDataFolder(mkdtempSync(join(tmpdir(), 'stampede-chaos-')))
  const logs = join(folder, 'logs')
  mkdirSync(logs)
  let isKept = false
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
    if (!isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const links = {} as Record<LinkName, Link>
    for (const name of linkNames) {
      links[name] = await openLink(options.random)
      closers.push(links[name].close)
    }
    const aimAll = (server: string) => (port: number) => {
      for (const name of linkNames) if (name.endsWith(`>${server}`)) links[name].aim(port)
    }
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const { beforeRedisStart } = options
    const redis = await watchServer('redis', folder, {
      onStart: aimAll('redis'),
      log,
      ...(beforeRedisStart && { beforeStart: () => beforeRedisStart(folder) }),
    })
    closers.push(redis.stop)
    const postgres = await watchServer('postgres', folder, { onStart: aimAll('postgres'), log })
    closers.push(postgres.stop)
    await prepareStores({ redisUrl: redis.url(), databaseUrl: postgres.url() })

    const through = (url: string, link: LinkName) => {
      const address = new URL(url)
      address.host = `127.0.0.1:${links[link].port}`
      return address.href
    }
    const processes = {} as Record<ProcessName, Supervised>
    const start = async (name: ProcessName, file: string, env: NodeJS.ProcessEnv) => {
      processes[name] = supervise(name, {
        command: [process.execPath, join(options.engine, file)],
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          DATA_DIR: folder,
          REDIS_URL: through(redis.url(), `${name}>redis`),
          DATABASE_URL: through(postgres.url(), `${name}>postgres`),
          JWT_SECRET: jwtSecret,
          ORDER_HOLD_MS: String(holdMs),
          ALLOW_UNSAFE_REDIS: String(options.allowUnsafeRedis),
          ...env,
        },
        logFile: join(logs, `${name}.log`),
      })
      closers.push(processes[name].stop)
    }
    for (const name of apiNames) {
      const port = await quietPort(options.random)
      links[`client>${name}`].aim(port)
      await start(name, 'src/server.ts', { PORT: String(port) })
    }
    for (const name of workerNames) await start(name, 'workers/main.ts', {})

    const apiUrl = (name: ApiName) => new URL(`http://127.0.0.1:${links[`client>${name}`].port}`)
    const findUnready = async () => {
      let unready: string | null = null
      await until(async () => {
        const found = await Promise.all(apiNames.map(apiUrl).map(describeUnready))
        unready = found.find((text) => text !== null) ?? null
        return unready === null
      }, readyMs)
      return unready
    }
    const unready = await findUnready()
    if (unready !== null) throw new Error(`The engine is not ready (${unready}); see ${logs}`)
    const keep = () => {
      isKept = true
    }
    return { folder, logs, processes, redis, postgres, links, apiUrl, findUnready, keep, close }
  } catch (error) {
    isKept = true
    await close()
    throw error
  }
}

async function describeUnready(url: URL): Promise<string | null> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(2_000) })
    const text = await response.text()
    return response.ok ? null : text
  } catch (error) {
    return String(error)
  }
}

/**
 * A free port below those that systems give to outgoing connections: a process that is started again must find its
 * port as it left it.
 */
async function quietPort(random: () => number): Promise<number> {
  for (;;) {
    const wanted = 10_240 + Math.floor(random() * 20_000)
    if ((await freePort(wanted)) === wanted) return wanted
  }
}
