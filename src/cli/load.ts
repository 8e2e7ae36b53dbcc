import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Argument } from '@commander-js/extra-typings'
import { loadConfig } from '../config.ts'
import { findJwtSecret } from '../services/jwt-secret.ts'
import { findK6 } from '../services/k6-program.ts'
import { isAlive } from '../services/life-sign.ts'
import { serverUrl } from '../services/server-url.ts'
import { type ForWhom, show } from './answer.ts'
import { command } from './command.ts'

const folder = resolve(import.meta.dirname, '../../load-tests')
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))

/** What k6 exits with where a threshold does not hold. */
const thresholdsCrossed = 99

const variables = `Every scenario knows:

  BASE_URL=           of the engine, e.g. https://shop.example; without it that of this configuration
  SHOP=main           the shop, which must be there
  JWT_SECRET=         signs the tokens of an admin and of all buyers; without BASE_URL it is found by itself
  ADMIN_TOKEN=        instead of it, a token of an admin, together with
  TOKENS_FILE=        a file with a token of a user in every line
  LATENCY_MS=500      95 of 100 answers must be there by then, accepted and refused ones apart
  MAX_VUS=500         most buyers that wait for an answer at once
  DROPPED_PERCENT=1   of 100 arrivals, so many may find nobody free in k6 who could send them
  RESULTS_DIR=        where reports go instead of load-tests/results

${scenarios.map((name) => `${name}\n${headOf(name)}`).join('\n\n')}`

export function loadCommand() {
  return command('load', {
    summary: 'Run a k6 scenario against an engine that runs, prove its books, and leave a report',
    details:
      'What follows the scenario goes to k6. Variables change what is loaded, e.g. RATE=1000. With --json, which ' +
      'stands before the scenario, what k6 says goes to standard error. It exits as k6 does.',
    examples: ['load claim', 'load mixed --quiet', 'load --json checkout --no-thresholds'],
  })
    .addHelpText('after', `\n${variables}`)
    .addArgument(new Argument('<scenario>', 'which').choices(scenarios))
    .argument('[options...]', 'of k6 run')
    .passThroughOptions()
    .action(async (scenario, k6Options, options) => {
      process.exitCode = await runScenario(scenario, k6Options, options)
    })
}

/** What the file of a scenario says about it and its variables. */
function headOf(scenario: string): string {
  const [, text = ''] = /^\/\*\n(.*?)\n \*\//s.exec(readFileSync(script(scenario), 'utf8')) ?? []
  return text.replace(/^ \*/gm, ' ')
}

function script(scenario: string): string {
  return join(folder, `${scenario}.ts`)
}

/** Runs k6 to its end and gives its exit code: 0 where every threshold holds and the books balance. */
async function runScenario(name: string, options: string[], forWhom: ForWhom): Promise<number> {
  const target = await findTarget()
  const results = resolve(process.env.RESULTS_DIR || join(folder, 'results'))
  mkdirSync(results, { recursive: true })
  const stem = join(results, `${name}-${new Date().toISOString().replace(/[:.]/g, '-')}`)
  const files = { report: `${stem}.html`, summary: `${stem}.json` }
  const own = {
    // Neither a server nor a browser: only the page at the end.
    K6_WEB_DASHBOARD: 'true',
    K6_WEB_DASHBOARD_PORT: '-1',
    K6_WEB_DASHBOARD_PERIOD: process.env.K6_WEB_DASHBOARD_PERIOD || '1s',
    K6_WEB_DASHBOARD_EXPORT: files.report,
    SUMMARY_FILE: files.summary,
    ...target,
  }
  const sizes = [...variables.matchAll(/^ +([A-Z_]+)=/gm)].map(([, variable]) => variable as string)
  const [program, ...before] = await findK6({
    reads: [folder, ...(target.TOKENS_FILE ? [target.TOKENS_FILE] : [])],
    writes: [results],
    variables: [...new Set([...Object.keys(own), ...sizes])],
  })
  const child = spawn(program, [...before, 'run', ...options, script(name)], {
    stdio: ['inherit', forWhom.json ? 2 : 'inherit', 'inherit'],
    // Secrets go through the environment, because everybody on the machine can read an argument.
    env: { ...process.env, ...own },
  })
  // Ctrl-C reaches k6 by itself, which then stops gently and checks the books.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const k6ExitCode = await new Promise<number>((done, failed) => {
    child.on('error', failed)
    child.on('exit', (code) => done(code ?? 1))
  })
  const code = k6ExitCode === thresholdsCrossed && hasPassed(files.summary) ? 0 : k6ExitCode
  const left = Object.fromEntries(
    Object.entries(files).flatMap(([kind, file]) =>
      existsSync(file) ? [[kind, relative('', file)]] : [],
    ),
  )
  // What people want to know of the run k6 has said.
  show({ ok: code === 0, scenario: name, k6ExitCode, ...left }, forWhom, () =>
    Object.entries(left)
      .map(([kind, file]) => `${kind.padEnd(8)} ${file}`)
      .join('\n'),
  )
  return code
}

/** A scenario that looks for the rate at which thresholds are crossed has passed when it has found it. */
function hasPassed(summaryFile: string): boolean {
  return existsSync(summaryFile) && JSON.parse(readFileSync(summaryFile, 'utf8')).passed
}

type Target = {
  BASE_URL: string
  JWT_SECRET?: string
  JWT_ISSUER?: string
  JWT_AUDIENCE?: string
  TOKENS_FILE?: string
  OPERATOR_PASSWORD?: string
}

/**
 * Where the engine is and how to be somebody there. A secret that was made for this folder is for its own engine alone:
 * another one would refuse every token.
 */
async function findTarget(): Promise<Target> {
  const config = loadConfig()
  const { BASE_URL, ADMIN_TOKEN, TOKENS_FILE } = process.env
  if (BASE_URL && !URL.canParse(BASE_URL)) throw new Error(`BASE_URL is no URL: ${BASE_URL}`)
  const url = BASE_URL ? new URL(BASE_URL) : serverUrl(config)
  const password = config.OPERATOR_PASSWORD && { OPERATOR_PASSWORD: config.OPERATOR_PASSWORD }
  if (!(await isAlive(url))) throw new Error(`Nothing answers at ${url.href}: npm start first.`)
  const target = { BASE_URL: url.origin, ...password }
  if (ADMIN_TOKEN && TOKENS_FILE) {
    if (!existsSync(TOKENS_FILE)) throw new Error(`There is no file ${TOKENS_FILE} (TOKENS_FILE).`)
    return { ...target, TOKENS_FILE: resolve(TOKENS_FILE) }
  }
  if (ADMIN_TOKEN || TOKENS_FILE) throw new Error('ADMIN_TOKEN and TOKENS_FILE go together.')
  const secret = BASE_URL ? config.JWT_SECRET : findJwtSecret(config)
  if (secret === undefined) {
    throw new Error(
      'Scenarios need JWT_SECRET to sign their tokens, or ADMIN_TOKEN and TOKENS_FILE.',
    )
  }
  const { JWT_ISSUER, JWT_AUDIENCE } = config
  return {
    ...target,
    JWT_SECRET: secret,
    ...(JWT_ISSUER && { JWT_ISSUER }),
    ...(JWT_AUDIENCE && { JWT_AUDIENCE }),
  }
}
