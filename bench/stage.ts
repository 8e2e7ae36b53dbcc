import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MikroORM } from '@mikro-orm/postgresql'
import { openOrm } from '../src/db/orm.ts'
import { connectRedis, type RedisClient } from '../src/redis/client.ts'
import { openDataFolder, readRecord } from '../src/services/data-folder.ts'
import { openEmbeddedServers } from '../src/services/embedded-servers.ts'
import { findServer } from '../src/services/postgres-lock.ts'
import { prepareStores } from '../src/services/prepare.ts'
import { freePort, signal } from '../src/services/processes.ts'
import { type Load, openLoad } from './load/load.ts'
import { type Running, startProcess } from './process.ts'

/** Secret of the tokens of a run; it guards nothing but the data of this run. */
export const jwtSecret = 'a secret that only this run of the benchmark uses'

/** A process that listens on a port. */
export type Server = Running & { port: number }

/** The engine as it runs in earnest, each part a process of its own, on data that nobody else uses. */
export type Stage = {
  folder: string
  redisUrl: string
  databaseUrl: string
  redis: RedisClient
  orm: MikroORM
  /** Ids of the servers' processes. */
  redisPid: number
  postgresPid: number
  /** The environment of every process of this run. */
  settings: Record<string, string>
  api: Server
  worker: Running
  load: Load
  /** Starts a process of the run, which stops with the stage. */
  start(name: string, file: string, isUp: RegExp, env?: Record<string, string>): Promise<Running>
  /** Starts a process that listens on a port of its own and says so. */
  startServer(file: string, env?: Record<string, string>): Promise<Server>
  close(): Promise<void>
}

/** Starts everything in a new folder on free ports, and waits until it serves. The worker is paused. */
export async function openStage(report: (line: string) => void): Promise<Stage> {
  const folder = openDataFolder(mkdtempSync(join(tmpdir(), 'stampede-bench-')))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const servers = await openEmbeddedServers(folder, ['redis', 'postgres'], report)
    closers.push(() => servers.release())
    const redisUrl = servers.redis?.url ?? ''
    const databaseUrl = servers.postgres?.url ?? ''
    const redisPid = readRecord(join(folder, 'redis.json'))?.pid
    const postgresPid = await findServer(join(folder, 'postgres'))
    if (redisPid === undefined || postgresPid === null) {
      throw new Error('Redis and Postgres must be processes of this machine; found a container.')
    }
    // However this process ends, the servers end too: their data goes away with the folder.
    const killServers = () => {
      signal(redisPid, 'SIGKILL')
      signal(postgresPid, 'SIGQUIT')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    }
    process.once('exit', killServers)
    closers.push(() => process.off('exit', killServers))
    await prepareStores({ redisUrl, databaseUrl })

    const redis = connectRedis(redisUrl, { name: 'bench' })
    redis.on('error', () => {}) // The rejected command tells.
    await redis.connect()
    closers.push(() => redis.disconnect())
    // A rewrite of its file would meet one round and not another; it costs both sides of a comparison the same.
    await redis.config('SET', 'auto-aof-rewrite-percentage', '0')
    const orm = openOrm(databaseUrl, { statementTimeoutMs: 0 })
    closers.push(() => orm.close())

    const { PATH = '', HOME = '' } = process.env
    const settings = {
      PATH,
      HOME,
      DATA_DIR: folder,
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      JWT_SECRET: jwtSecret,
      // Requests are counted as they always are, and nobody is stopped.
      REQUESTS_PER_USER: '1000000000',
      UNPAID_ORDERS_PER_USER: '1000000000',
    }
    const start: Stage['start'] = async (name, file, isUp, env = {}) => {
      const logFile = join(folder, `${name}.log`)
      const running = await startProcess({ file, env: { ...settings, ...env }, isUp, logFile })
      closers.push(running.stop)
      return running
    }
    const startServer: Stage['startServer'] = async (file, env = {}) => {
      const port = await freePort()
      const name = file.replaceAll('/', '-')
      // Each of several processes on a port says it for itself.
      const isUp = new RegExp(`(listening[\\s\\S]*){${env.API_PROCESSES ?? 1}}`)
      const running = await start(name, file, isUp, { ...env, PORT: String(port) })
      return { ...running, port }
    }
    const worker = await start('worker', 'workers/main.ts', /"working"/)
    const api = await startServer('src/server.ts')
    worker.pause()
    const load = openLoad(folder)
    closers.push(load.close)
    return {
      ...{ folder, redisUrl, databaseUrl, redis, orm, redisPid, postgresPid, api, worker, load },
      ...{ settings, start, startServer, close },
    }
  } catch (error) {
    await close()
    throw error
  }
}
