import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { canaries } from './canary/canaries.ts'
import { type Finding, formatFinding, runCanary } from './canary/run-canary.ts'
import { formatRun, reportOf } from './report.ts'
import { type RunOptions, runChaos } from './run.ts'
import { planFaults } from './schedule.ts'

const usage = `npm run chaos -- [--seed N] [--faults N] [--json]

Starts Redis, Postgres, two API and two worker processes in a folder of their own, breaks them and the connections
between them while clients buy, and then checks that nothing that was accepted is lost and nothing has happened twice.
  --seed N              which faults at which times, and who buys what (default 1)
  --faults N            how many faults, one every 1 to 4 s (default 20)
  --rate N              requests per second (default 150)
  --postgres-down S     seconds that a long outage of Postgres lasts (default 10)
  --with flushall       lose the hot state too now and then; what was not in Postgres yet may then be lost, as long as
                        it is named in the log
  --engine FOLDER       the tree whose processes are run (default this one)
  --canary [NAME ...]   instead, run engines that lack a mechanism, each of which must be found out
                        (${Object.keys(canaries).join(', ')}; all where none is named)
  --json                one JSON object on standard output, for a machine
It exits with 0 only if nothing is lost; with --canary only if every loss was found.`

// The processes of the run end with this one.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))

try {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      faults: { type: 'string', default: '20' },
      rate: { type: 'string', default: '150' },
      'postgres-down': { type: 'string', default: '10' },
      engine: { type: 'string', default: join(import.meta.dirname, '..') },
      with: { type: 'string' },
      canary: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const options = {
      seed: wholeNumber(flags.seed, '--seed'),
      requestsPerSecond: wholeNumber(flags.rate, '--rate'),
      engine: resolve(flags.engine),
      say,
    }
    if (!flags.canary && positionals.length > 0)
      throw new Error(`There is no ${positionals[0]} here.`)
    const isRight = flags.canary
      ? await showCanaries(positionals, options, flags.json)
      : await showRun(options, flags)
    process.exitCode = isRight ? 0 : 1
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`Chaos could not run. ${reason}\n`)
  process.exitCode = 1
}

type Options = Omit<RunOptions, 'plan'>

async function showRun(
  options: Options,
  flags: { faults: string; 'postgres-down': string; with?: string | undefined; json: boolean },
): Promise<boolean> {
  const wanted = flags.with
  if (wanted !== undefined && wanted !== 'flushall') throw new Error('--with takes flushall.')
  const plan = planFaults(options.seed, {
    count: wholeNumber(flags.faults, '--faults'),
    postgresDownMs: wholeNumber(flags['postgres-down'], '--postgres-down') * 1_000,
    including: wanted === undefined ? [] : [wanted],
  })
  const run = await runChaos({ ...options, plan })
  process.stdout.write(`${flags.json ? JSON.stringify(reportOf(run)) : formatRun(run)}\n`)
  if (flags.json && run.history) options.say(run.history)
  return run.violations.length === 0
}

async function showCanaries(named: string[], options: Options, json: boolean): Promise<boolean> {
  const findings: Finding[] = []
  for (const name of named.length > 0 ? named : Object.keys(canaries)) {
    const finding = await runCanary(name, options)
    findings.push(finding)
    if (!json) process.stdout.write(`${formatFinding(finding)}\n`)
  }
  const ok = findings.every(({ caught }) => caught.length > 0)
  if (json)
    process.stdout.write(`${JSON.stringify({ ok, seed: options.seed, canaries: findings })}\n`)
  return ok
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new Error(`${name} takes a whole number.`)
  return number
}
