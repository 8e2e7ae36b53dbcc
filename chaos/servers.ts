import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readRecord } from '../src/services/data-folder.ts'
import { openPostgresServer } from '../src/services/postgres-server.ts'
import { commandLine, signal, until } from '../src/services/processes.ts'
import { openRedisServer } from '../src/services/redis-server.ts'

const lookMs = 100

const openers = { redis: openRedisServer, postgres: openPostgresServer }
export type ServerName = keyof typeof openers

/** A Redis or a Postgres on the data folder of the run that is started again whenever it ends. */
export type WatchedServer = {
  name: ServerName
  /** Its address without any link between. */
  url(): string
  /** Kills its process without a word; false where none runs. */
  kill(): Promise<boolean>
  /** Stops its process and those that it started where they stand. Returns what lets them go on. */
  freeze(): Promise<(() => void) | null>
  /** Nobody starts it again until `release`. */
  hold(): void
  release(): void
  /** Ends the watching and the server. */
  stop(): Promise<void>
}

/**
 * Starts the server as `npm start` does and watches it.
 *
 * @param onStart hears the port, also after every later start: the old one may be taken by then.
 * @param beforeStart may change its files while it is down.
 */
export async function watchServer(
  name: ServerName,
  folder: string,
  options: {
    onStart: (port: number) => void
    beforeStart?: () => void
    log: (line: string) => void
  },
): Promise<WatchedServer> {
  let isHeld = false
  let isStopping = false
  let url = ''

  async function open(): Promise<void> {
    const server = await openers[name](folder, options.log)
    url = server.url
    options.onStart(Number(new URL(url).port))
  }
  await open()

  const pidOf = () => readRecord(join(folder, `${name}.json`))?.pid
  const livingPid = async () => {
    const pid = pidOf()
    return pid !== undefined && (await commandLine(pid))?.includes(folder) ? pid : null
  }
  async function watch(): Promise<void> {
    while (!isStopping) {
      await wait(lookMs)
      if (isHeld || isStopping || (await livingPid()) !== null) continue
      options.beforeStart?.()
      await open().catch((error) => options.log(`${name} did not start: ${error}`))
    }
  }
  const watching = watch()
  const killAtExit = () => {
    const pid = pidOf()
    if (pid !== undefined) signal(pid, 'SIGKILL')
  }
  process.once('exit', killAtExit)

  return {
    name,
    url: () => url,
    async kill() {
      const pid = await livingPid()
      if (pid !== null) signal(pid, 'SIGKILL')
      return pid !== null
    },
    async freeze() {
      const pid = await livingPid()
      if (pid === null) return null
      const pids = [pid, ...childrenOf(pid)]
      for (const one of pids) signal(one, 'SIGSTOP')
      // The children of a server that is killed meanwhile are still its own, and must see that it is gone.
      return () => {
        for (const one of pids) signal(one, 'SIGCONT')
      }
    },
    hold() {
      isHeld = true
    },
    release() {
      isHeld = false
    },
    async stop() {
      isStopping = true
      await watching
      process.off('exit', killAtExit)
      const pid = await livingPid()
      if (pid === null) return
      signal(pid, 'SIGCONT')
      // Its data goes away with it, so there is nothing to wait for.
      signal(pid, name === 'redis' ? 'SIGKILL' : 'SIGQUIT')
      await until(async () => (await livingPid()) === null, 10_000)
    },
  }
}

/** The processes that this one started. None where the system has no /proc: then the server alone is frozen. */
function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const [, parentId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(parentId) === parent ? [Number(entry)] : []
    } catch {
      return [] // It has ended.
    }
  })
}
