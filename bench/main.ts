import { parseArgs } from 'node:util'
import { type Mode, modes } from './modes.ts'
import { publish, renderDocs } from './publish.ts'
import { formatReport } from './report.ts'
import { runBench } from './run.ts'

const usage = `npm run bench -- [MODE] [--quick] [--only NAME,...] [--rounds N] [--json] [--write]

Measures the engine on servers and processes of its own, side by side with what it is compared with: floors and
subjects take turns within one run, and each figure is the median of the rounds.
${Object.entries(modes)
  .map(([mode, names]) => `  ${mode.padEnd(16)}${Object.keys(names).join(', ')}`)
  .join('\n')}
The mode is budgets where none is named.
  --quick         fewer and smaller rounds: the budgets within three minutes on a quiet machine
  --smoke         only shows that everything runs; its figures mean nothing
  --only NAMES    some of the names behind the mode
  --rounds N      rounds that count, after one that does not
  --to N          growth: users of the largest shop (default 1000000)
  --json          one JSON object on standard output, for a machine
  --write         keeps the result in docs/performance and renders the figures of the docs and the plots anew
  --render        measures nothing, and renders them from the results that are kept
A run counts only if nothing waits for Postgres at its end and the books of every shop hold. It exits with 1 where they
do not, or where a row could not be measured. A budget that is missed says so in its row, and makes "ok" false.`

// The processes of the run end with this one: each of them listens for its end, and a cluster has many.
process.setMaxListeners(50)
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))

try {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else if (flags.render) {
    renderDocs()
  } else {
    const mode = readMode(positionals)
    if (flags.write && flags.only) throw new Error('A page of some rows only is not written.')
    const report = await runBench({
      mode,
      size: flags.smoke ? 'smoke' : flags.quick ? 'quick' : 'full',
      only: flags.only?.split(','),
      changes: {
        ...(flags.rounds !== undefined && { rounds: wholeNumber(flags.rounds, '--rounds') }),
        ...(flags.to !== undefined && { largest: wholeNumber(flags.to, '--to') }),
      },
      say: (line) => void process.stderr.write(`${line}\n`),
    })
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report))
    const isResult = report.verified && report.problems.length === 0
    if (flags.write && isResult) publish(mode, report)
    process.exitCode = isResult ? 0 : 1
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The benchmark could not run. ${reason}\n`)
  process.exitCode = 1
}

function readMode([mode = 'budgets', ...rest]: string[]): Mode {
  if (mode in modes && rest.length === 0) return mode as Mode
  throw new Error(`The modes are ${Object.keys(modes).join(', ')}.`)
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${name} takes a whole number.`)
  return number
}
