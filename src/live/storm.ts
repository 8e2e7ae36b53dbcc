import { type ChildProcess, execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../demo/report.ts'
import { limits } from '../limits.ts'

/** What came of a storm: the report of the demo, and on what it failed where it has none. */
export type Storm = { report: Report | null; failure: string }

export type StormRunner = {
  /** Runs a storm, or waits for the one that is under way. It never fails. */
  run(): Promise<Storm>
  /** Ends what is under way; from then on none begins. */
  close(): Promise<void>
}

const main = join(import.meta.dirname, '../../bin/main.ts')

/**
 * Runs the demo against this engine in a process of its own, because hundreds of buyers are not what an API process has
 * time for. Whoever asks while one is under way gets its result too.
 *
 * @param program what runs the demo.
 */
export function openStorm(program: string = main): StormRunner {
  let running: { ended: Promise<Storm>; child: ChildProcess } | null = null
  let isClosed = false
  return {
    run() {
      if (isClosed) return Promise.resolve({ report: null, failure: 'The engine is stopping.' })
      running ??= startDemo(program, () => {
        running = null
      })
      return running.ended
    },
    async close() {
      isClosed = true
      // It has opened nothing that it would have to close.
      running?.child.kill('SIGKILL')
      await running?.ended
    },
  }
}

function startDemo(program: string, onEnd: () => void) {
  // Where this engine goes in between, another one is not what anybody has asked for.
  const seed = String(randomInt(1, 1_000_000))
  const args = [program, 'storm', '--json', '--no-start', '--seed', seed]
  const timeout = limits.demoMs + limits.demoStartMs
  const demo = promisify(execFile)(process.execPath, args, { timeout })
  const ended = demo
    .catch((error: { stdout?: string; stderr?: string }) => ({ stdout: '', stderr: '', ...error }))
    .then(stormOf)
    .finally(onEnd)
  return { ended, child: demo.child }
}

function stormOf({ stdout, stderr }: { stdout: string; stderr: string }): Storm {
  const answer = parseAnswer(stdout)
  if (!answer) return { report: null, failure: 'It gave up.' }
  if ('detail' in answer) return { report: null, failure: answer.detail }
  // What it tells of its progress stands there too.
  const reasons = stderr.split(/[\r\n]+/).filter((line) => line.startsWith('failed: '))
  return { report: answer, failure: reasons.join(' ') }
}

/** What the process has written to its end; null where it was ended before. */
function parseAnswer(text: string): Report | { detail: string } | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
