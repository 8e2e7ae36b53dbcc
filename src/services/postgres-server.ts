import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import { limits } from '../limits.ts'
import { newSecret, readRecord, type ServerRecord, writeRecord } from './data-folder.ts'
import { requireRoom } from './disk-room.ts'
import { findServer, readLock, removeDeadLock } from './postgres-lock.ts'
import { findPostgresPrograms, type PostgresPrograms } from './postgres-program.ts'
import { freePort, lastLines, run, signal, spawnServer, until } from './processes.ts'
import type { RunningServer } from './redis-server.ts'

/** Name of the database and of its user. */
const name = 'stampede'

/**
 * The Postgres of a data folder: adopts the one that runs, else makes the database where there is none and starts
 * a server. Call it under the lock of the folder.
 *
 * @throws Error with the end of its log where it does not start.
 */
export async function openPostgresServer(
  folder: string,
  report: (line: string) => void,
): Promise<RunningServer> {
  const files = postgresFiles(folder)
  const record = readRecord(files.record)
  if (record && existsSync(files.data)) {
    const found = running(files, record, 'already running')
    if (await isRunning(files, found.url)) return found
    return startServer(files, record, await findPostgresPrograms())
  }
  const programs = await findPostgresPrograms()
  report('Making a Postgres database ...')
  const fresh = { port: await freePort(), password: newSecret() }
  await makeDatabase(files, fresh, programs)
  return startServer(files, fresh, programs)
}

type PostgresFiles = ReturnType<typeof postgresFiles>

function postgresFiles(folder: string) {
  return {
    folder,
    record: join(folder, 'postgres.json'),
    log: join(folder, 'postgres.log'),
    data: join(folder, 'postgres'),
  }
}

function running(files: PostgresFiles, record: ServerRecord, how: string): RunningServer {
  const version = readFileSync(join(files.data, 'PG_VERSION'), 'utf8').trim()
  return {
    url: `postgresql://${name}:${record.password}@127.0.0.1:${record.port}/${name}`,
    description: `Postgres ${version} on port ${record.port} (${how})`,
    isAlive: async () => (await findServer(files.data)) !== null,
    stop: () => stop(files),
  }
}

/** Makes the data files beside their place and moves them there when they are whole. */
async function makeDatabase(
  files: PostgresFiles,
  record: ServerRecord,
  { initdb, postgres, owner, asServerUser }: PostgresPrograms,
): Promise<void> {
  const draft = `${files.data}.new`
  const passwordFile = `${draft}.password`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, record.password, { mode: 0o600 })
  if (owner) {
    chownSync(draft, owner.uid, owner.gid)
    chownSync(passwordFile, owner.uid, owner.gid)
  }
  const made = await run(
    ...asServerUser(initdb, [
      ...['--pgdata', draft, '--username', name, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8'],
      // The same order and the same upper and lower case on every system.
      ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ]),
  )
  rmSync(passwordFile)
  if (made?.code !== 0) throw new Error(`initdb failed:\n${made?.output.trim()}`)
  // Single-user mode: the database is there before anybody can connect.
  const created = await run(
    ...asServerUser(postgres, ['--single', '-D', draft, 'postgres']),
    `CREATE DATABASE ${name};\n`,
  )
  if (created?.code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(created.output)) {
    throw new Error(`The database could not be made:\n${created?.output.trim()}`)
  }
  writeRecord(files.record, record)
  renameSync(draft, files.data)
}

/**
 * True once the server answers a query. False where none runs on these files. A server that was killed a moment ago
 * still looks alive from outside: only an answer tells.
 */
async function isRunning(files: PostgresFiles, url: string): Promise<boolean> {
  let state: 'ready' | 'busy' | 'gone' = 'busy'
  await until(async () => {
    if ((await findServer(files.data)) === null) state = 'gone'
    else if (await answers(url)) state = 'ready'
    return state !== 'busy'
  }, limits.serverStartMs)
  if (state === 'busy') {
    throw new Error(
      `The Postgres of ${files.folder} (process ${readLock(files.data)?.pid}) runs but does not answer.`,
    )
  }
  return state === 'ready'
}

async function answers(url: string): Promise<boolean> {
  const orm = openOrm(url, { poolMax: 1 })
  try {
    await sql`select 1`.execute(databaseOf(orm))
    return true
  } catch {
    return false
  } finally {
    await orm.close()
  }
}

async function startServer(
  files: PostgresFiles,
  record: ServerRecord,
  programs: PostgresPrograms,
): Promise<RunningServer> {
  requireRoom(files.data, limits.postgresFreeBytesMin)
  record.port = await freePort(record.port)
  let started = false
  await until(async () => {
    await removeDeadLock(files.data)
    started = await startOnce(files, record, programs)
    // After a kill -9 of the server, its children may still have to notice, and its own process to go.
    return started || !/shared memory block|lock file .* already exists/.test(lastLines(files.log))
  }, limits.serverStopMs)
  if (!started) throw new Error(`Postgres did not start. Its log ends:\n${lastLines(files.log)}`)
  return running(files, record, 'started')
}

async function startOnce(
  files: PostgresFiles,
  record: ServerRecord,
  { postgres, asServerUser }: PostgresPrograms,
): Promise<boolean> {
  const spawned = await spawnServer(
    ...asServerUser(postgres, ['-D', files.data, ...settings(record)]),
    files.log,
  )
  writeRecord(files.record, { ...record, pid: spawned.pid })
  let ready = false
  await until(() => {
    const lock = readLock(files.data)
    ready = lock?.pid === spawned.pid && lock.ready
    return ready || spawned.exited()
  }, limits.serverStartMs)
  return ready
}

function settings({ port }: ServerRecord): string[] {
  return Object.entries({
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '128MB',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The statements are many and alike, and none is long enough to be worth compiling.
    jit: 'off',
  }).flatMap(([setting, value]) => ['-c', `${setting}=${value}`])
}

async function stop(files: PostgresFiles): Promise<void> {
  const pid = await findServer(files.data)
  if (pid === null) return
  const gone = async () => (await findServer(files.data)) === null
  signal(pid, 'SIGINT') // Fast: rolls back what is open, writes a checkpoint, leaves.
  if (await until(gone, limits.serverStopMs)) return
  signal(pid, 'SIGQUIT') // At once: the next start recovers from its log.
  await until(gone, 1_000)
}
