import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readRecord } from '../../src/services/data-folder.ts'
import { readLock, removeDeadLock } from '../../src/services/postgres-lock.ts'
import { openPostgresServer } from '../../src/services/postgres-server.ts'
import { signal } from '../../src/services/processes.ts'
import { temporaryFolder } from './folder.ts'
import { holdServers } from './held-servers.ts'

const postmasterOf = (folder: string) => readRecord(join(folder, 'postgres.json'))?.pid as number

/** The state and the parent of a process, as Linux tells them. */
function stat(pid: number | string) {
  try {
    const [state, parent] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return { state, parent: Number(parent) }
  } catch {
    return { state: 'gone', parent: 0 }
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && stat(entry).parent === pid)
    .map(Number)
}

/** Kills the servers of the folder with all their processes, or all but one. */
function killServers(folder: string, spared?: number): void {
  const postmaster = postmasterOf(folder)
  const redis = readRecord(join(folder, 'redis.json'))?.pid as number
  for (const pid of [postmaster, redis, ...childrenOf(postmaster)]) {
    if (pid !== spared) signal(pid, 'SIGKILL')
  }
}

/** Starts Postgres until the end of the test. */
async function start(folder: string) {
  const server = await openPostgresServer(folder, () => {})
  onTestFinished(() => server.stop())
  return server
}

describe.runIf(process.platform === 'linux')('Postgres after a kill -9', () => {
  it('starts again at once, time after time', async () => {
    const folder = temporaryFolder()
    for (let round = 0; round < 4; round++) {
      const starter = await holdServers(folder)
      await starter.kill()
      killServers(folder)
    }
    await start(folder)
  })

  it('starts beside the zombie of its predecessor, which nothing ever reaps', async () => {
    const folder = temporaryFolder()
    const starter = await holdServers(folder)
    starter.freeze()
    const postmaster = postmasterOf(folder)
    killServers(folder)
    await vi.waitFor(() => expect(stat(postmaster).state).toBe('Z'))
    await start(folder)
    expect(postmasterOf(folder)).not.toBe(postmaster)
    expect(stat(postmaster).state).toBe('Z')
  })

  it('waits for a child of its predecessor that could still write', async () => {
    const folder = temporaryFolder()
    const starter = await holdServers(folder)
    starter.freeze()
    const postmaster = postmasterOf(folder)
    const orphan = childrenOf(postmaster)[0] as number
    process.kill(orphan, 'SIGSTOP')
    onTestFinished(() => {
      if (stat(orphan).state === 'T') signal(orphan, 'SIGKILL')
    })
    killServers(folder, orphan)
    await vi.waitFor(() => expect(stat(postmaster).state).toBe('Z'))

    const data = join(folder, 'postgres')
    await removeDeadLock(data)
    expect(readLock(data)?.pid).toBe(postmaster)
    process.kill(orphan, 'SIGCONT')
    await start(folder)
    expect(readLock(data)?.pid).not.toBe(postmaster)
  })

  it('never loses the lock of a server that lives', async () => {
    const folder = temporaryFolder()
    await start(folder)
    const data = join(folder, 'postgres')
    await removeDeadLock(data)
    expect(readLock(data)?.pid).toBe(postmasterOf(folder))
  })
})
