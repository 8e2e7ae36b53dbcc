import { createHash, randomBytes } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limits } from '../limits.ts'
import { processIdentity, until } from './processes.ts'

/**
 * The data folder: the state of the embedded servers, what it takes to find them again (`redis.json`,
 * `postgres.json`), the secret of the tokens, and one file per process that uses the servers, so that the last
 * one out can stop them.
 */
export function openDataFolder(dataDir: string): string {
  mkdirSync(join(dataDir, 'users'), { recursive: true, mode: 0o700 })
  return realpathSync(dataDir)
}

export type ServerRecord = { port: number; password: string; pid?: number }

/** Reads how to reach a server of this folder; null where it never ran. */
export function readRecord(file: string): ServerRecord | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

/** Writes the record so that a crash leaves the old one or the new one, never half of it. */
export function writeRecord(file: string, record: ServerRecord): void {
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** A secret that is safe in a URL, a configuration file and a command line. */
export function newSecret(): string {
  return randomBytes(32).toString('hex')
}

/** Reads the secret in this file, or makes it. Processes that come at the same time get the same one. */
export function keptSecret(file: string): string {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, newSecret(), { mode: 0o600 })
  try {
    linkSync(draft, file) // Fails where the file exists, and never shows a half-written one.
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(file, 'utf8').trim()
}

let usersOfThisProcess = 0

/** Notes that this process uses the servers of the folder. Only call it and what follows under the lock. */
export async function enterAsUser(folder: string): Promise<{ leave(): void }> {
  usersOfThisProcess += 1
  const file = join(folder, 'users', `${process.pid}.${usersOfThisProcess}`)
  writeFileSync(file, (await processIdentity(process.pid)) ?? '')
  return { leave: () => rmSync(file, { force: true }) }
}

/** Counts the living users, and forgets those that were killed. */
export async function countUsers(folder: string): Promise<number> {
  let living = 0
  for (const name of listUsers(folder)) {
    const file = join(folder, 'users', name)
    const pid = Number(name.split('.')[0])
    if ((await processIdentity(pid)) === readFileSync(file, 'utf8')) living += 1
    else rmSync(file, { force: true })
  }
  return living
}

function listUsers(folder: string): string[] {
  try {
    return readdirSync(join(folder, 'users'))
  } catch {
    return [] // Somebody removed the whole folder under us.
  }
}

/**
 * Runs the action while no other process runs one under the same name. The lock is a listening socket, because
 * the kernel frees it when its process dies in whatever way; a lock file would have to be guessed stale.
 *
 * @throws Error where the lock was not free within `limits.serverLockMs`.
 */
export async function withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
  const id = `stampede-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`
  let release: (() => Promise<void>) | null = null
  const free = await until(async () => {
    release = await listenAlone(id)
    return release !== null
  }, limits.serverLockMs)
  if (!free) throw new Error(`Another process has been starting or stopping ${name} for too long.`)
  try {
    return await action()
  } finally {
    await (release as (() => Promise<void>) | null)?.()
  }
}

function listenAlone(id: string): Promise<(() => Promise<void>) | null> {
  // Linux has socket names without a file (they begin with NUL), Windows has pipes; elsewhere a file must do.
  const file = join(tmpdir(), `${id}.sock`)
  const path = { linux: `\0${id}`, win32: `\\\\.\\pipe\\${id}` }[process.platform as string] ?? file
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      if (path === file) removeIfAbandoned(file)
      resolve(null)
    })
    server.listen({ path, exclusive: true }, () => {
      server.unref()
      resolve(() => new Promise((closed) => server.close(() => closed())))
    })
  })
}

function removeIfAbandoned(socketFile: string): void {
  const probe = connect(socketFile)
  probe.on('connect', () => probe.destroy())
  probe.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') rmSync(socketFile, { force: true })
  })
}
