import type { Logger } from 'pino'
import { type Config, loadConfig } from '../config.ts'
import { limits } from '../limits.ts'
import { openLog } from '../telemetry/log.ts'

export type Lifecycle = {
  /**
   * Opens something and remembers how to close it. A stop waits for an opening that is under way. What needs no
   * closing may go through here too, so that a stop waits for it.
   *
   * @throws Stopping where the process is asked to stop: whoever starts up must not go on.
   */
  open<T>(name: string, open: () => T | Promise<T>, close?: (opened: T) => unknown): Promise<T>
  /** True from the first request to stop; what answers health checks says so. */
  isStopping(): boolean
  /** Closes everything in reverse order and ends the process. */
  stop(exitCode?: number): Promise<never>
}

export class Stopping extends Error {
  override name = 'Stopping'
}

/** The argument of a process whose parent supervises it: the parent decides when it stops. */
export const supervisedFlag = '--supervised'
export const isSupervised: boolean = process.argv.includes(supervisedFlag)

/**
 * The life of a long-running process: what it opened is closed in reverse order on SIGTERM, on SIGINT, and when its
 * supervisor is gone. It ends hard, with exit code 1, after `limits.shutdownMs` or when a person insists.
 */
export function openLifecycle(log: Pick<Logger, 'info' | 'warn'>): Lifecycle {
  const opened: { name: string; close: () => unknown }[] = []
  let pending: Promise<unknown> = Promise.resolve()
  let stopping: Promise<never> | undefined
  let askedAt = 0

  async function closeAll(exitCode: number): Promise<never> {
    const deadline = setTimeout(() => {
      log.warn(`It did not stop within ${limits.shutdownMs} ms.`)
      process.exit(1)
    }, limits.shutdownMs)
    await pending.catch(() => {})
    for (const { name, close } of opened.reverse()) {
      try {
        await close()
      } catch (error) {
        log.warn({ err: error }, `${name} did not close properly`)
      }
    }
    clearTimeout(deadline)
    process.exit(exitCode)
  }

  const lifecycle: Lifecycle = {
    async open(name, open, close) {
      if (stopping) throw new Stopping()
      const opening = Promise.resolve(open()).then((value) => {
        if (close) opened.push({ name, close: () => close(value) })
        return value
      })
      pending = opening
      const value = await opening
      if (stopping) throw new Stopping()
      return value
    },
    isStopping: () => stopping !== undefined,
    stop(exitCode = 0) {
      stopping ??= closeAll(exitCode)
      return stopping
    },
  }

  function onSignal(): void {
    // npm and the terminal both pass on one Ctrl-C, so only a later one is a person who insists.
    if (stopping && performance.now() - askedAt > limits.insistAfterMs) process.exit(1)
    if (!stopping) askedAt = performance.now()
    void lifecycle.stop()
  }
  if (isSupervised) {
    // Ctrl-C reaches the whole process group, but the supervisor stops us in its order.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => void lifecycle.stop())
    process.on('disconnect', () => void lifecycle.stop())
  } else {
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  }
  return lifecycle
}

export type RunningProcess = { config: Config; log: Logger; lifecycle: Lifecycle }

/**
 * The frame of every long-running process: reads the configuration, opens the log and the lifecycle, and runs the
 * start. Where that fails, everything that was opened is closed again, and the process ends with exit code 1.
 *
 * @param name says in the log which process speaks.
 * @param onFailure tells why; by default in one line on standard error.
 */
export async function runProcess(
  name: string,
  start: (process: RunningProcess) => Promise<void>,
  onFailure: (error: unknown) => void = writeReason,
): Promise<void> {
  let lifecycle: Lifecycle | undefined
  try {
    const config = loadConfig()
    const log = openLog(name, config)
    lifecycle = openLifecycle(log)
    await start({ config, log, lifecycle })
  } catch (error) {
    if (error instanceof Stopping) return
    onFailure(error)
    await (lifecycle?.stop(1) ?? process.exit(1))
  }
}

function writeReason(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
}
