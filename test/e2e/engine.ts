import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { onTestFinished } from 'vitest'
import { readRecord } from '../../src/services/data-folder.ts'
import { commandLine, signal, until } from '../../src/services/processes.ts'

export const root = join(import.meta.dirname, '../..')

/** Long enough for given servers too. */
export const jwtSecret = 'a secret that only the end-to-end tests use'

type Environment = Record<string, string>
type Settings = Environment & { DATA_DIR: string }
export type AtEnd = (cleanup: () => Promise<void>) => void

/** The settings of an engine in a folder of its own. Folder and servers go at the end of the test, however it ends. */
export function engineSettings(more: Environment = {}, atEnd: AtEnd = onTestFinished) {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'stampede-e2e-'))
  atEnd(async () => {
    for (const pid of await serversOf(DATA_DIR)) signal(pid, 'SIGKILL')
    await until(async () => (await serversOf(DATA_DIR)).length === 0, 10_000)
    rmSync(DATA_DIR, { recursive: true, force: true, maxRetries: 5 })
  })
  return { DATA_DIR, JWT_SECRET: jwtSecret, ...more }
}

/** The ids of the embedded servers that run on this folder. */
export async function serversOf(folder: string): Promise<number[]> {
  const pids = ['redis', 'postgres'].flatMap(
    (name) => readRecord(join(folder, `${name}.json`))?.pid ?? [],
  )
  const lines = await Promise.all(pids.map(commandLine))
  return pids.filter((_, index) => lines[index]?.includes(folder))
}

/** A token as `npm run token` prints it. */
export function signToken(sub: string, role: 'user' | 'admin' = 'user'): string {
  return createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })({ sub, role })
}

/** What `npm run stampede` runs. */
export const program = [process.execPath, join(root, 'bin/main.ts')]
const startScript = [...program, 'start']

/** Starts the engine; it stops at the end of the test. */
export async function startEngine(
  settings: Settings,
  { command = startScript, atEnd = onTestFinished as AtEnd } = {},
) {
  const engine = startProcess(command, settings, atEnd)
  const [, url] = await engine.prints(/^ready (http:.+)$/m)
  return {
    ...engine,
    url: url as string,
    /** Ends all its processes but the servers without a word. */
    kill: () => engine.stop('SIGKILL'),
    /** Ends all its processes and the servers without a word, and says how many servers these were. */
    async crash() {
      const servers = await serversOf(settings.DATA_DIR)
      for (const pid of servers) signal(pid, 'SIGKILL')
      await engine.stop('SIGKILL')
      return servers.length
    },
    async get(path: string) {
      return (await fetch(`${url}${path}`)).json()
    },
    post(path: string, token: string, body?: unknown) {
      return fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
  }
}

/** Runs the engine until it ends by itself. */
export function runEngine(settings: Settings) {
  return runCommand(startScript, settings)
}

/** Runs a command to its end. */
export async function runCommand(command: string[], settings: Environment, atEnd?: AtEnd) {
  const { closed, output } = startProcess(command, settings, atEnd)
  const code = await closed
  return { code, ...output }
}

/** Most of what a process does before it serves is to compile the same sources as the one before it. */
const compiled = join(root, 'node_modules/.cache/compiled')

/**
 * Starts a command in a process group of its own, with no environment but what it is given. It is asked to stop at
 * the end of the test.
 */
export function startProcess(
  [program, ...args]: string[],
  settings: Environment,
  atEnd: AtEnd = onTestFinished,
) {
  const { PATH, HOME } = process.env
  const child = spawn(program as string, args, {
    cwd: root,
    env: { PATH, HOME, PORT: '0', LOG_LEVEL: 'warn', NODE_COMPILE_CACHE: compiled, ...settings },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = child.pid as number
  const output = { stdout: '', stderr: '' }
  const listeners: (() => void)[] = []
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const closed = once(child, 'close').then(([code]) => code as number | null)
  /** Sends the signal to all its processes, as a terminal does. */
  const stop = (name: NodeJS.Signals = 'SIGTERM') => {
    signal(-pid, name)
    return ended
  }
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) await stop()
  })
  return {
    pid,
    output,
    /** Resolves with its exit code when it has ended. */
    ended,
    /** Resolves with its exit code when nobody can add to its output any more. */
    closed,
    stop,
    /** Resolves with the match once its output matches, and rejects where it ends before. */
    prints: (pattern: RegExp) =>
      new Promise<RegExpMatchArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(`${output.stdout}${output.stderr}`)
          if (match) resolve(match)
        }
        listeners.push(look)
        look()
        const command = [program, ...args].join(' ')
        closed.then((code) => {
          reject(new Error(`${command} ended (${code}):\n${output.stdout}${output.stderr}`))
        })
      }),
  }
}
