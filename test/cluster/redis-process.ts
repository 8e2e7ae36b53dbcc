import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort, signal, until } from '../../src/services/processes.ts'
import { findBinary } from '../../src/services/redis-program.ts'

/** The settings of a Redis that may decide. */
const safe = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
  'repl-diskless-sync-delay': '0',
}

export type Settings = Record<string, string>

/** A Redis server as a process of its own, in a folder of its own. */
export type RedisProcess = {
  port: number
  url: string
  /** A connection past the client under test, for what an operator does. */
  direct: Redis
  /** Ends it without a word. */
  kill(): Promise<void>
  /** Takes its processor away, as a long pause of its machine does; its connections stay open. */
  freeze(): void
  thaw(): void
  /** Starts it again with the files that it has. */
  start(): Promise<void>
  /** Ends it for good and removes its folder. */
  remove(): Promise<void>
}

/** Starts a server on a free port; with `--sentinel` among the arguments it is one. */
export async function startRedis(settings: Settings = safe, args: string[] = []) {
  const binary = await findBinary()
  if (!binary) throw new Error('These tests need redis-server')
  const folder = mkdtempSync(join(tmpdir(), 'stampede-cluster-'))
  const port = await freePortPair()
  const file = join(folder, 'redis.conf')
  const lines = Object.entries({ ...settings, port, dir: folder, logfile: 'redis.log' })
  // A sentinel writes what it learns into its file.
  writeFileSync(file, lines.map(([name, value]) => `${name} ${value || '""'}\n`).join(''))
  // Of the same process group: what ends the run, ends the servers too.
  const spawnServer = () => spawn(binary.command, [file, ...args], { cwd: folder, stdio: 'ignore' })
  let child = spawnServer()
  const endWithRun = () => child.kill('SIGKILL')
  process.once('exit', endWithRun)

  const direct = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => 20,
  })
  direct.on('error', () => {})
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`The server on port ${port} did not start`)
    if (direct.status === 'wait') direct.connect().catch(() => {})
    return (await direct.ping().catch(() => '')) === 'PONG'
  }
  const waitForIt = async () => {
    if (!(await until(isUp, 10_000))) throw new Error(`Port ${port} does not answer`)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  await waitForIt()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    direct,
    kill,
    freeze: () => signal(child.pid as number, 'SIGSTOP'),
    thaw: () => signal(child.pid as number, 'SIGCONT'),
    async start() {
      child = spawnServer()
      await waitForIt()
    },
    async remove() {
      direct.disconnect()
      await kill()
      process.off('exit', endWithRun)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  } satisfies RedisProcess
}

/** The settings of a Redis that may decide, with some others. */
export function safeSettings(more: Settings = {}): Settings {
  return { ...safe, ...more }
}

/**
 * A free port with a free one 10,000 above it, for the bus of a cluster. Both lie below the range from which the
 * system takes ports for outgoing connections, so nobody gets one of them by chance before the server has it.
 */
async function freePortPair(): Promise<number> {
  for (;;) {
    const port = 16_000 + Math.floor(Math.random() * 6_000)
    const [own, bus] = [await freePort(port), await freePort(port + 10_000)]
    if (own === port && bus === port + 10_000) return port
  }
}
