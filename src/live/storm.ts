import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../demo/report.ts'
import { limits } from '../limits.ts'

/** What came of a storm: the report of the demo, and on what it failed where it has none. */
export type Storm = { report: Report | null; failure: string }

const demo = join(import.meta.dirname, '../cli/demo.ts')

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
  const args = [demo, '--json', '--seed', String(randomInt(1, 1_000_000))]
  const timeout = limits.demoMs + limits.demoStartMs
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout }).catch(
    (error: { stdout?: string; stderr?: string }) => ({ stdout: '', stderr: '', ...error }),
  )
  const report = stdout === '' ? null : (JSON.parse(stdout) as Report)
  // What it tells of its progress is among it.
  const reasons = stderr.split(/[\r\n]+/).filter((line) => /^(failed:|The demo) /.test(line))
  return { report, failure: report?.ok ? '' : reasons.join(' ') || 'It gave up.' }
}
