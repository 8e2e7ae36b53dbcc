import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Pause before a process is started again: short, and long enough that a start that fails does not eat the machine. */
const restartDelayMs = 300
/** A process that has not left by then after a SIGTERM is killed, as every supervisor does. */
const stopMs = 20_000

/** A process of the engine that is started again whenever it ends. */
export type Supervised = {
  name: string
  /** Sends a signal to the process of this moment; false where none runs. */
  signal(name: 'SIGKILL' | 'SIGTERM'): boolean
  /** Stops the process where it stands. Returns what lets it go on, or null where none runs. */
  freeze(): (() => void) | null
  /** Ends it for good. */
  stop(): Promise<void>
}

/** Starts the process and keeps it running; what it says goes to a file. */
export function supervise(
  name: string,
  { command, env, logFile }: { command: string[]; env: NodeJS.ProcessEnv; logFile: string },
): Supervised {
  const log = createWriteStream(logFile, { flags: 'a' })
  const [program = '', ...args] = command
  let child: ChildProcess
  let isStopping = false

  function launch(): void {
    child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    child.once('exit', async (code, signal) => {
      log.write(`${JSON.stringify({ at: new Date(), ended: signal ?? code })}\n`)
      await wait(restartDelayMs)
      if (!isStopping) launch()
    })
  }
  launch()
  // Nothing of this run may outlive it, however it ends.
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)

  return {
    name,
    signal: (signal) => child.kill(signal),
    freeze() {
      const frozen = child
      return frozen.kill('SIGSTOP') ? () => void frozen.kill('SIGCONT') : null
    },
    async stop() {
      isStopping = true
      process.off('exit', killAtExit)
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await ended
      clearTimeout(late)
      log.end()
    },
  }
}
