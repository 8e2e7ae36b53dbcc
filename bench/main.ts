import { parseArgs } from 'node:util'
import { formatReport } from './report.ts'
import { measurements, runBench } from './run.ts'

const usage = `npm run bench -- [--quick] [--only NAME,...] [--rounds N] [--json]

Measures every budget of the engine on servers and processes of its own, side by side with what it is compared with:
floors and subjects take turns within one run, and each figure is the median of the rounds.
  --quick         fewer and smaller rounds: within three minutes
  --smoke         only shows that everything runs; its figures mean nothing
  --only NAMES    some of ${Object.keys(measurements).join(', ')}
  --rounds N      rounds that count, after one that does not
  --json          one JSON object on standard output, for a machine
A run counts only if nothing waits for Postgres at its end and the books of every shop hold. It exits with 1 where they
do not, or where a row could not be measured. A budget that is missed says so in its row, and makes "ok" false.`

// The processes of the run end with this one.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))

try {
  const { values: flags } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const report = await runBench({
      size: flags.smoke ? 'smoke' : flags.quick ? 'quick' : 'full',
      only: flags.only?.split(','),
      rounds: flags.rounds === undefined ? undefined : Number(flags.rounds),
      say: (line) => void process.stderr.write(`${line}\n`),
    })
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report))
    process.exitCode = report.verified && report.problems.length === 0 ? 0 : 1
  }
} catch (error) {
  process.stderr.write(
    `The benchmark could not run. ${error instanceof Error ? error.stack : error}\n`,
  )
  process.exitCode = 1
}
