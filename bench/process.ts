import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** A process of the run. */
export type Running = {
  pid: number
  /** Stops it where it stands, as if it were not there. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/**
 * Starts a file of this tree as a process of its own.
 *
 * @param options.isUp matches what it prints when it works.
 * @param options.flags go to Node, before the file.
 * @throws Error with the end of its log where it ends before.
 */
export async function startProcess(options: {
  file: string
  env: Record<string, string>
  isUp: RegExp
  logFile: string
  flags?: string[]
}): Promise<Running> {
  const { file, env, isUp, logFile, flags = [] } = options
  const child = spawn(process.execPath, [...flags, join(root, file)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const log = createWriteStream(logFile, { flags: 'a' })
  const ended = once(child, 'exit')
  let printed = ''
  let isRunning = false
  await new Promise<void>((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (text: Buffer) => {
        log.write(text)
        if (isRunning) return
        printed += text
        isRunning = isUp.test(printed)
        if (isRunning) resolve()
      })
    }
    ended.then(() => reject(new Error(`${file} ended:\n${printed}`)), reject)
  })
  return {
    pid: child.pid as number,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      process.off('exit', killAtExit)
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await ended
      log.end()
    },
  }
}
