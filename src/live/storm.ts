import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../demo/report.ts'
import { limits } from '../limits.ts'

/** What came of a storm: the report of the demo, and on what it failed where it has none. */
export type Storm = { report: Report | null; failure: string }

const program = join(import.meta.dirname, '../../bin/main.ts')

/**
 * Runs the demo against this engine in a process of its own, because hundreds of buyers are not what an API process has
 * time for. Whoever asks while one is under way gets its result too. It never fails.
 */
export function openStorm(): () => Promise<Storm> {
  let running: Promise<Storm> | null = null
  return () => {
    running ??= runDemo().finally(() => {
      running = null
    })
    return running
  }
}

async function runDemo(): Promise<Storm> {
  const args = [program, 'storm', '--json', '--seed', String(randomInt(1, 1_000_000))]
  const timeout = limits.demoMs + limits.demoStartMs
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout }).catch(
    (error: { stdout?: string; stderr?: string }) => ({ stdout: '', stderr: '', ...error }),
  )
  if (stdout === '') return { report: null, failure: 'It gave up.' }
  const answer = JSON.parse(stdout) as Report | { detail: string }
  if ('detail' in answer) return { report: null, failure: answer.detail }
  // What it tells of its progress stands there too.
  const reasons = stderr.split(/[\r\n]+/).filter((line) => line.startsWith('failed: '))
  return { report: answer, failure: reasons.join(' ') }
}
