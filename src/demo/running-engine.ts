import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Config } from '../config.ts'
import { limits } from '../limits.ts'
import { isAlive } from '../services/life-sign.ts'
import { serverUrl } from '../services/server-url.ts'

const program = join(import.meta.dirname, '../../bin/main.ts')
const outputLinesKept = 30

/** An engine that answers, and how to leave it as it was found. */
export type RunningEngine = { url: URL; wasStarted: boolean; stop: () => Promise<void> }

/**
 * Finds the engine of this configuration, or starts it where that is wanted; `signal` ends the start.
 *
 * @throws Error where something else listens on the port, or there is no engine, or it does not start in time.
 */
export async function findOrStartEngine(
  config: Config,
  { mayStart, signal }: { mayStart: boolean; signal: AbortSignal },
): Promise<RunningEngine> {
  const url = serverUrl(config)
  if (config.PORT !== 0 && (await isAlive(url))) {
    return { url, wasStarted: false, stop: async () => {} }
  }
  if (!mayStart) throw new Error(`Nothing answers at ${url.href}: npm start first.`)
  return startEngine(signal)
}

async function startEngine(signal: AbortSignal): Promise<RunningEngine> {
  const child = spawn(process.execPath, [program, 'start'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  const keep = (line: string) => {
    output.push(line)
    if (output.length > outputLinesKept) output.shift()
  }
  createInterface({ input: child.stderr }).on('line', keep)
  const lines = createInterface({ input: child.stdout }).on('line', keep)
  const ready = new Promise<URL>((resolve, reject) => {
    lines.on('line', (line) => {
      const address = /^ready (http:\/\/\S+)/.exec(line)?.[1]
      if (address) resolve(new URL(address))
    })
    child.on('error', reject)
    child.on('exit', () => reject(new Error('The engine ended while it started.')))
  })
  const timer = setTimeout(() => child.kill('SIGTERM'), limits.demoStartMs)
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  try {
    return { url: await ready, wasStarted: true, stop: () => stopEngine(child) }
  } catch (error) {
    throw new Error(`The engine did not start.\n${output.join('\n')}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

async function stopEngine(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  // The engine itself leaves within `shutdownMs`; whoever overruns that is stuck.
  const timer = setTimeout(() => child.kill('SIGKILL'), limits.shutdownMs * 2)
  child.kill('SIGTERM')
  await once(child, 'exit')
  clearTimeout(timer)
}
