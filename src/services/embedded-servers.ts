import { setTimeout as wait } from 'node:timers/promises'
import { limits } from '../limits.ts'
import { countUsers, enterAsUser, openDataFolder, withLock } from './data-folder.ts'
import { openPostgresServer } from './postgres-server.ts'
import { openRedisServer, type RunningServer } from './redis-server.ts'

type Report = (line: string) => void

const openers = { redis: openRedisServer, postgres: openPostgresServer }
export type EmbeddedName = keyof typeof openers

export type EmbeddedServers = {
  folder: string
  redis?: RunningServer
  postgres?: RunningServer
  /** Starts a server again that ends, until the release. */
  watch(report: Report): void
  /** Stops the servers where no other process uses them. May be called again. */
  release(): Promise<void>
}

/**
 * Opens the named servers of a data folder. They are shared by all processes on that folder: each notes itself as
 * a user, the first one starts them, and the last one out stops them.
 *
 * @throws Error of the server that did not start.
 */
export async function openEmbeddedServers(
  dataDir: string,
  names: EmbeddedName[],
  report: Report,
): Promise<EmbeddedServers> {
  const folder = openDataFolder(dataDir)
  const servers: Partial<Record<EmbeddedName, RunningServer>> = {}
  let released: Promise<void> | undefined

  async function leave(user: { leave(): void }): Promise<void> {
    user.leave()
    if ((await countUsers(folder)) > 0) return
    await Promise.all(Object.values(servers).map((server) => server.stop()))
  }

  async function lookAfter(name: EmbeddedName, tell: Report): Promise<void> {
    if (await servers[name]?.isAlive()) return servers[name]?.tend?.(tell)
    await withLock(folder, async () => {
      if (released) return
      servers[name] = await openers[name](folder, tell)
      tell(`${servers[name].description}, because it had ended`)
    })
  }

  async function watchServer(name: EmbeddedName, tell: Report): Promise<void> {
    let delayMs: number = limits.serverWatchMs
    let failure = ''
    for (;;) {
      await wait(delayMs, undefined, { ref: false })
      if (released) return
      try {
        await lookAfter(name, tell)
        delayMs = limits.serverWatchMs
        failure = ''
      } catch (error) {
        // What keeps a server from starting, as a full disk, may last: it is said once, and tried less and less.
        if (String(error) !== failure) tell(String(error))
        failure = String(error)
        delayMs = Math.min(2 * delayMs, limits.restartDelayMaxMs)
      }
    }
  }

  const user = await withLock(folder, async () => {
    const entered = await enterAsUser(folder)
    const openings = await Promise.allSettled(
      names.map(async (name) => {
        servers[name] = await openers[name](folder, report)
      }),
    )
    const failed = openings.find((opening) => opening.status === 'rejected')
    if (failed) {
      await leave(entered)
      throw failed.reason
    }
    return entered
  })

  return {
    folder,
    ...servers,
    watch(tell) {
      for (const name of names) void watchServer(name, tell)
    },
    release() {
      released ??= withLock(folder, () => leave(user))
      return released
    },
  }
}
