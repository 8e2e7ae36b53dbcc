import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine, isWorkedIn } from './processes.ts'

/** What `postmaster.pid` in these data files says; null where no server left one. */
export function readLock(data: string): { pid: number; ready: boolean } | null {
  try {
    const lines = readFileSync(lockFile(data), 'utf8').split('\n')
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
  } catch {
    return null
  }
}

/** The id of the server process on these data files, or null. */
export async function findServer(data: string): Promise<number | null> {
  const pid = readLock(data)?.pid
  if (pid === undefined) return null
  return (await commandLine(pid))?.includes(data) ? pid : null
}

/**
 * Removes the lock of a server that has ended, because Postgres takes the process with the id in it for the server
 * where that is a zombie, which lasts until its parent asks about it and for ever where none does, or, after a restart
 * of the machine, any other program. The lock stays while a child of that server lives: it could still write.
 */
export async function removeDeadLock(data: string): Promise<void> {
  const lock = readLock(data)
  if (!lock) return
  const line = await commandLine(lock.pid)
  if (line?.includes(data)) return
  if (process.platform === 'linux' ? isWorkedIn(data, 'postgres') : line === null) return
  rmSync(lockFile(data), { force: true })
}

function lockFile(data: string): string {
  return join(data, 'postmaster.pid')
}
