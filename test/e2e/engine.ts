import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../..')

type Settings = { DATA_DIR: string; PORT?: string; API_PROCESSES?: string }

/** Starts the engine as `npm start` does, in a process group of its own; it stops with the test. */
export async function startEngine(settings: Settings) {
  const child = spawnEngine(settings)
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  })
  child.stderr?.resume() // An unread pipe would fill up and block the engine.
  const lines: string[] = []
  const output = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
  for await (const line of output) {
    lines.push(line)
    if (line.startsWith('ready ')) break
  }
  const url = lines.at(-1)?.replace('ready ', '') ?? ''
  return {
    url,
    lines,
    /** Ends all its processes but the servers without a word, as a crash of the machine would. */
    async kill() {
      process.kill(-(child.pid as number), 'SIGKILL')
      await once(child, 'exit')
    },
    /** Sends the signal to all its processes, as a terminal does. */
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      process.kill(-(child.pid as number), signal)
      const [code] = await once(child, 'exit')
      return code as number | null
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
export async function runEngine(settings: Settings) {
  const child = spawnEngine(settings)
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, errors }
}

/** What `npm run token` prints. */
export async function printToken(settings: Settings, ...flags: string[]): Promise<string> {
  const script = join(root, 'src/cli/token.ts')
  const printed = await promisify(execFile)(process.execPath, [script, ...flags], {
    cwd: root,
    env: environment(settings),
  })
  return printed.stdout.trim()
}

function spawnEngine(settings: Settings): ChildProcess {
  return spawn(process.execPath, [join(root, 'src/cli/start.ts')], {
    cwd: root,
    env: environment(settings),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function environment(settings: Settings): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'warn', ...settings }
}
