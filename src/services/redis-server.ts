import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { limits } from '../limits.ts'
import { repairAppendOnlyFile } from './append-only-file.ts'
import { newSecret, readRecord, type ServerRecord, writeRecord } from './data-folder.ts'
import { hasRoomToRewrite, requireRoom } from './disk-room.ts'
import { commandLine, freePort, lastLines, run, signal, spawnServer, until } from './processes.ts'
import { infoField, withRedis } from './redis-connection.ts'
import { findRedisProgram, type RedisProgram, redisImage } from './redis-program.ts'

/** A server that runs on the data folder, whoever started it. */
export type RunningServer = {
  url: string
  /** For people, e.g. `Redis 7.0.15 on port 40123 (started)`. */
  description: string
  isAlive(): Promise<boolean>
  /** Adapts it to what has changed around it. To be called again and again while it runs. */
  tend?(report: (line: string) => void): Promise<void>
  stop(): Promise<void>
}

/**
 * The Redis of a data folder: adopts the one that runs, else checks the append-only file and starts one.
 * Call it under the lock of the folder: nothing else keeps two servers from writing to the same files.
 *
 * @throws Error with the end of its log where it does not start.
 */
export async function openRedisServer(
  folder: string,
  report: (line: string) => void,
): Promise<RunningServer> {
  const files = redisFiles(folder)
  const record = readRecord(files.record)
  if (record && (await isRunning(files, record))) {
    return running(files, record, 'already running')
  }
  const program = await findRedisProgram(report)
  mkdirSync(files.data, { recursive: true, mode: 0o700 })
  requireRoom(files.data, limits.redisFreeBytesMin)
  await repairAppendOnlyFile(files.data, report)
  const next: ServerRecord = {
    port: await freePort(record?.port),
    password: record?.password ?? newSecret(),
  }
  writeRecord(files.record, next)
  await start(program, files, next)
  return running(files, next, 'started')
}

type RedisFiles = ReturnType<typeof redisFiles>

function redisFiles(folder: string) {
  return {
    folder,
    record: join(folder, 'redis.json'),
    settings: join(folder, 'redis.conf'),
    log: join(folder, 'redis.log'),
    data: join(folder, 'redis'),
  }
}

function urlOf({ port, password }: ServerRecord): string {
  return `redis://:${password}@127.0.0.1:${port}`
}

async function running(
  files: RedisFiles,
  record: ServerRecord,
  how: string,
): Promise<RunningServer> {
  const url = urlOf(record)
  const info = await withRedis(url, (redis) => redis.info('server'))
  const version = infoField(info, 'valkey_version') ?? infoField(info, 'redis_version')
  return {
    url,
    description: `Redis ${version} on port ${record.port} (${how})`,
    isAlive: async () => record.pid === undefined || (await isAlive(files, record)),
    tend: openRewriteWatch(files, url),
    stop: () => stop(files, record),
  }
}

/**
 * Redis rewrites its file by itself when that has doubled. On a disk without room for it the rewrite would end Redis,
 * so it waits until there is room again.
 */
function openRewriteWatch(files: RedisFiles, url: string) {
  let isAllowed: boolean | undefined
  return async (report: (line: string) => void) => {
    const hasRoom = hasRoomToRewrite(files.data)
    if (hasRoom === isAllowed) return
    await withRedis(url, (redis) =>
      redis.config('SET', 'auto-aof-rewrite-percentage', rewritePercentage(hasRoom)),
    )
    if (!hasRoom) report(`The disk of ${files.data} lacks the room to rewrite what Redis wrote.`)
    else if (isAllowed === false) report(`The disk of ${files.data} has room enough again.`)
    isAllowed = hasRoom
  }
}

function rewritePercentage(hasRoom: boolean): number {
  return hasRoom ? 100 : 0
}

/** Most memory that Redis may use. A container may be allowed less than the machine has. */
function memoryMax(): number {
  const constrained = process.constrainedMemory() || totalmem()
  return Math.floor(Math.min(totalmem(), constrained) * limits.redisMemoryShare)
}

/** True once the recorded server answers. False where it is gone and its port is free or somebody else's. */
async function isRunning(files: RedisFiles, record: ServerRecord): Promise<boolean> {
  let state = await probe(files, record)
  const answered = await until(async () => {
    state = await probe(files, record)
    return state !== 'busy'
  }, limits.serverStartMs)
  if (!answered) {
    throw new Error(
      `The Redis of ${files.folder} (process ${record.pid}) runs but does not answer.`,
    )
  }
  return state === 'ready'
}

/** `busy` is a server that loads its file, or one that hangs: in no case may a second one be started beside it. */
async function probe(files: RedisFiles, record: ServerRecord): Promise<'ready' | 'busy' | 'gone'> {
  try {
    return await withRedis(urlOf(record), async (redis) => {
      const dir = (await redis.config('GET', 'dir')) as string[]
      if (dir[1] !== files.data) return 'gone'
      await redis.ping()
      return 'ready'
    })
  } catch (error) {
    if (String(error).includes('LOADING')) return 'busy'
    return (await isAlive(files, record)) ? 'busy' : 'gone'
  }
}

async function isAlive(files: RedisFiles, { pid }: ServerRecord): Promise<boolean> {
  return pid !== undefined && ((await commandLine(pid))?.includes(files.settings) ?? false)
}

async function start(program: RedisProgram, files: RedisFiles, record: ServerRecord) {
  const docker = program.kind === 'docker'
  writeFileSync(files.settings, settings(files, record, docker), { mode: 0o600 })
  let exited = () => false
  if (docker) {
    await startContainer(files, record)
  } else {
    const spawned = await spawnServer(program.command, [files.settings], files.log)
    record.pid = spawned.pid
    writeRecord(files.record, record)
    exited = spawned.exited
  }
  let ready = false
  await until(async () => {
    ready = (await probe(files, record)) === 'ready'
    return ready || exited()
  }, limits.serverStartMs)
  if (!ready) throw new Error(`Redis did not start. Its log ends:\n${lastLines(files.log)}`)
}

function settings(files: RedisFiles, { port, password }: ServerRecord, docker: boolean): string {
  return `# Written at every start.
bind ${docker ? '0.0.0.0' : '127.0.0.1'}
port ${port}
requirepass ${password}
dir ${JSON.stringify(files.data)}

# An answered order is on disk.
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
# A torn file was repaired before this start; Redis' own way would keep the torn block.
aof-load-truncated no
auto-aof-rewrite-percentage ${rewritePercentage(hasRoomToRewrite(files.data))}
save ""

# Nothing is ever evicted: where memory is full, decisions are refused.
maxmemory ${memoryMax()}
maxmemory-policy noeviction

# The command line tells this server from others.
set-proc-title no
`
}

async function startContainer(files: RedisFiles, { port }: ServerRecord): Promise<void> {
  const name = `stampede-redis-${port}`
  await run('docker', ['rm', '--force', name])
  const started = await run('docker', [
    ...['run', '--detach', '--rm', '--name', name, '--publish', `127.0.0.1:${port}:${port}`],
    // The folder has the same path inside, so that the settings and the check of `dir` hold for both kinds.
    ...['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`],
    ...['--volume', `${files.folder}:${files.folder}`, redisImage],
    ...['redis-server', files.settings, '--logfile', files.log],
  ])
  if (started?.code !== 0) {
    throw new Error(`Docker could not start ${redisImage}:\n${started?.output.trim()}`)
  }
}

async function stop(files: RedisFiles, record: ServerRecord): Promise<void> {
  // The connection closes before an answer: Redis leaves.
  await withRedis(urlOf(record), (redis) => redis.shutdown('NOSAVE')).catch(() => {})
  const gone = async () =>
    record.pid === undefined
      ? (await probe(files, record)) === 'gone'
      : !(await isAlive(files, record))
  if (await until(gone, limits.serverStopMs)) return
  // Whatever was answered is on disk already, so a hard end loses nothing.
  if (record.pid !== undefined) signal(record.pid, 'SIGKILL')
}
