import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** `output` has what came on both outputs, in its order. */
export type Finished = { code: number | null; output: string; stdout: string }

/**
 * Runs a program to its end.
 *
 * @returns its exit code and what it printed, or null where there is no such program.
 */
export function run(command: string, args: string[], input = ''): Promise<Finished | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe' })
    let output = ''
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stdin.on('error', () => {}) // The program may leave without reading its input.
    child.stdin.end(input)
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(null) : reject(error),
    )
    child.on('close', (code) => resolve({ code, output, stdout }))
  })
}

export type Spawned = { pid: number; exited(): boolean }

/**
 * Starts a server that outlives this process. It gets a process group of its own, because Ctrl-C on the terminal
 * must not stop the servers before the processes that still write to them.
 */
export function spawnServer(command: string, args: string[], logFile: string): Promise<Spawned> {
  const log = openSync(logFile, 'a', 0o600)
  return new Promise<Spawned>((resolve, reject) => {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] })
    child.on('error', reject)
    child.on('spawn', () => {
      child.unref()
      resolve({
        pid: child.pid as number,
        exited: () => child.exitCode !== null || child.signalCode !== null,
      })
    })
  }).finally(() => closeSync(log))
}

/** Waits until the condition holds. Answers false where it did not within the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await wait(25)
  }
  return true
}

/** The command line of a running process, or null where no process has this id (or it is a zombie). */
export async function commandLine(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    const listed = await run('ps', ['-o', 'args=', '-p', String(pid)])
    return listed?.output.trim() || null
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null
  } catch {
    return null
  }
}

/**
 * What tells a process from a later one with the same id: its start time, and the boot that this time counts
 * from. Null where no process has this id.
 */
export async function processIdentity(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    const listed = await run('ps', ['-o', 'lstart=', '-p', String(pid)])
    return listed?.output.trim() || null
  }
  try {
    const { state, startTime } = readStat(pid)
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return state === 'Z' ? null : `${boot} ${startTime}`
  } catch {
    return null
  }
}

/**
 * True where a living program of this name works in the folder, whatever it has made of its command line. One that
 * this process may not look into counts as working there. Linux only.
 */
export function isWorkedIn(folder: string, program: string): boolean {
  const wanted = statSync(folder, { bigint: true })
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const { name, state } = readStat(Number(entry))
      if (name !== program || state === 'Z') return false
      const current = statSync(`/proc/${entry}/cwd`, { bigint: true })
      return current.dev === wanted.dev && current.ino === wanted.ino
    } catch (error) {
      return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
    }
  })
}

function readStat(pid: number) {
  // The second field is the name in parentheses, which may hold anything; the fields after it are plain.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const nameEnd = stat.lastIndexOf(')')
  const fields = stat.slice(nameEnd + 2).split(' ')
  return {
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    state: fields[0],
    startTime: fields[19],
  }
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The wanted port where nothing listens on it, else another free one of the same address. */
export async function freePort(wanted = 0, host = '127.0.0.1'): Promise<number> {
  const listening = await new Promise<number | null>((resolve, reject) => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    // Exclusive, because a cluster worker would otherwise ask its primary to listen, which keeps the port.
    server.listen({ port: wanted, host, exclusive: true }, () => {
      const address = server.address()
      const port = typeof address === 'object' ? (address?.port ?? null) : null
      server.close(() => resolve(port))
    })
  })
  return listening ?? freePort(0, host)
}

/** The last lines of a log, for the message of a server that did not start. */
export function lastLines(file: string, count = 8): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}
