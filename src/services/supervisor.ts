import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Logger } from 'pino'
import { limits } from '../limits.ts'
import { until } from './processes.ts'

export type Supervised = {
  /** Resolves with a description when the process ends for the first time without being asked to. */
  firstExit: Promise<string>
  /** Asks the process to stop and waits for it. */
  stop(): Promise<void>
}

/**
 * Keeps a process running: starts it again when it ends, later and later while it does not last.
 *
 * @param isParentStopping tells that its end is no failure: a signal to the whole group ends it together with us.
 */
export function supervise(
  name: string,
  log: Pick<Logger, 'warn'>,
  start: () => ChildProcess,
  isParentStopping: () => boolean,
): Supervised {
  let child: ChildProcess
  let timer: NodeJS.Timeout | undefined
  let isStopping = false
  let failures = 0
  let tellFirstExit: (how: string) => void = () => {}
  const firstExit = new Promise<string>((resolve) => {
    tellFirstExit = resolve
  })

  function launch(): void {
    const startedAt = performance.now()
    child = start()
    child.once('exit', (code, signal) => {
      if (isStopping || isParentStopping()) return
      const how = `${name} ended (${signal ?? `exit code ${code}`})`
      tellFirstExit(how)
      failures = performance.now() - startedAt > limits.restartDelayMaxMs ? 0 : failures + 1
      const delayMs = Math.min(limits.restartDelayMs * 2 ** failures, limits.restartDelayMaxMs)
      log.warn(`${how}; it is started again in ${delayMs} ms`)
      timer = setTimeout(launch, delayMs)
    })
  }
  launch()

  return {
    firstExit,
    async stop() {
      isStopping = true
      clearTimeout(timer)
      const hasEnded = () => child.exitCode !== null || child.signalCode !== null
      if (hasEnded()) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      if (await until(hasEnded, limits.childStopMs)) return
      log.warn(`${name} does not stop and is killed`)
      child.kill('SIGKILL')
      await ended
    },
  }
}
