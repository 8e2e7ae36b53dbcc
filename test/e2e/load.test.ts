import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSigner } from 'fast-jwt'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { readRecord } from '../../src/services/data-folder.ts'
import { findK6 } from '../../src/services/k6-program.ts'
import { freePort, run, signal } from '../../src/services/processes.ts'
import { withRedis } from '../../src/services/redis-connection.ts'
import { engineSettings, jwtSecret, root, runCommand, startEngine } from './engine.ts'

const port = await freePort()
const settings = engineSettings({ PORT: String(port), SEED_DEMO: 'false' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })
const results = join(settings.DATA_DIR, 'results')
const hasK6 = await findK6({ reads: [], writes: [], variables: [] }).then(
  () => true,
  () => false,
)

type Variables = Record<string, string>
type Summary = {
  passed: boolean
  problems: string[]
  breakpoint?: { heldPerSecond: number | null; brokePerSecond: number | null }
  metrics: Record<string, { values: Record<string, number> }>
  checks: { name: string; passes: number; fails: number }[]
}

/** What `npm run load` runs. */
function runLoad(flags: string[], variables: Variables = {}) {
  const command = [process.execPath, 'bin/main.ts', 'load', ...flags]
  return runCommand(command, { ...settings, RESULTS_DIR: results, ...variables })
}

/** Runs a scenario, and reads what it leaves behind. How fast it is on this machine is not judged. */
async function load(scenario: string, variables: Variables) {
  const latencies = { LATENCY_MS: '30000', CALM_LATENCY_MS: '30000', LAG_MS: '30000' }
  const patient = { ...latencies, DROPPED_PERCENT: '5' }
  const ran = await runLoad([scenario, '--quiet'], { ...patient, ...variables })
  const fileOf = (kind: string) => {
    const [, path = ''] = new RegExp(`^${kind} +(.+)$`, 'm').exec(ran.stdout) ?? []
    expect(path, `${ran.stdout}${ran.stderr}`).toContain(`${scenario}-`)
    return readFileSync(resolve(root, path), 'utf8')
  }
  const summary = JSON.parse(fileOf('summary')) as Summary
  const countOf = (metric: string) => summary.metrics[metric]?.values.count
  return { ...ran, report: fileOf('report'), summary, countOf }
}

const proven = ['everything is in Postgres', 'verify holds'].map((name) =>
  expect.objectContaining({ name, passes: 1, fails: 0 }),
)

describe.runIf(hasK6)('npm run load', () => {
  it.each<{ scenario: string; sizes: Variables; counts: Record<string, number> }>([
    {
      scenario: 'claim',
      sizes: { RATE: '40', DURATION_S: '2', QUANTITY: '60' },
      counts: { claims_accepted: 60 },
    },
    {
      scenario: 'checkout',
      sizes: { RATE: '30', DURATION_S: '2', STOCK: '30' },
      counts: {},
    },
    {
      scenario: 'mixed',
      sizes: { RATE: '20', DURATION_S: '2', STOCK: '40', QUANTITY: '10' },
      counts: { claims_accepted: 10 },
    },
    {
      scenario: 'spike',
      sizes: { RATE: '60', DURATION_S: '1', STOCK: '20', CALM_RATE: '10', CALM_S: '1' },
      counts: { wall_orders_accepted: 20 },
    },
  ])('runs the scenario $scenario and proves its books', async ({ scenario, sizes, counts }) => {
    const { code, stdout, summary, report, countOf } = await load(scenario, sizes)
    expect(summary, stdout).toMatchObject({ passed: true, problems: [] })
    expect(summary.checks).toEqual(expect.arrayContaining(proven))
    for (const [metric, count] of Object.entries(counts)) expect(countOf(metric)).toBe(count)
    expect(code).toBe(0)
    // Offline it must show the same: all of it is in the page.
    expect(report).toMatch(/<script|<html/)
    expect(report).not.toMatch(
      /<(script|img|iframe)[^>]*\ssrc="(https?:)?\/\/|<link[^>]*href="http/,
    )
  })

  it('watches for drift in the scenario soak', async () => {
    const { code, stdout, summary } = await load('soak', { RATE: '8', DURATION_S: '4' })
    expect(summary, stdout).toMatchObject({ passed: true, problems: [] })
    for (const quantity of ['order_ms', 'lag_ms', 'backlog_events']) {
      const values = summary.metrics[`watched_${quantity}_drifted`]?.values
      // Somebody looked in the last quarter.
      expect(values?.fails).toBeGreaterThan(0)
    }
    expect(code).toBe(0)
  })

  it('fails in the scenario soak where Postgres falls behind more and more', async () => {
    const [worker] = await workersOf(engine.pid)
    signal(worker as number, 'SIGSTOP')
    const countProofs = async () => {
      const text = await (await fetch(`${engine.url}/metrics`)).text()
      return /^stampede_http_answers_total{.*route="\/v1\/verify".*} (\d+)$/m.exec(text)?.[1]
    }
    const before = await countProofs()
    const running = load('soak', { RATE: '8', DURATION_S: '6', LAG_MS: '100' })
    // Its books are proven when the last quarter is over, and want to find everything in Postgres.
    await vi.waitFor(async () => expect(await countProofs()).not.toBe(before), 40_000)
    signal(worker as number, 'SIGCONT')
    const { code, stdout, summary } = await running
    const [problem] = summary.problems.filter((text) => text.startsWith('watched_lag_ms'))
    expect(problem, stdout).toMatch(/^watched_lag_ms_drifted: rate<=0.5, was (0\.\d+|1)$/)
    expect(summary.checks).toEqual(expect.arrayContaining(proven))
    expect(code).toBe(99)
  })

  it('ends the scenario breakpoint at the rate that breaks it, and that is no failure', async () => {
    const sizes = { RATE: '20', STEP_RATE: '20', MAX_RATE: '60', STEP_S: '3' }
    const broken = await load('breakpoint', { ...sizes, LATENCY_MS: '1' })
    expect(broken.stdout).toMatch(/^broke {2}20 arrivals per second$/m)
    expect(broken.summary.breakpoint).toMatchObject({ heldPerSecond: null, brokePerSecond: 20 })
    // It went no further. k6 judges every two seconds, so that the next step may have begun, but never the last.
    expect(broken.countOf('orders_accepted{scenario:rate_60}')).toBe(0)
    expect(broken.summary).toMatchObject({ passed: true, problems: [] })
    expect(broken.summary.checks).toEqual(expect.arrayContaining(proven))
    expect(broken.code).toBe(0)
  })

  it('takes ready-made tokens, another shop and another address', async () => {
    await runCommand(['npm', 'run', '-s', 'shop', '--', 'create', 'outlet'], settings)
    const signer = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })
    const tokenOf = (sub: string, role: string) => signer({ sub, role, shop: 'outlet' })
    const tokens = Array.from({ length: 17 }, (_, number) => tokenOf(`buyer-${number}`, 'user'))
    const file = join(settings.DATA_DIR, 'tokens.txt')
    const variables = {
      ...{ BASE_URL: engine.url, PORT: '1', JWT_SECRET: '', SHOP: 'outlet' },
      ...{ ADMIN_TOKEN: tokenOf('boss', 'admin'), TOKENS_FILE: file },
      ...{ RATE: '8', DURATION_S: '2' },
    }
    writeFileSync(file, tokens.slice(1).join('\n'))
    const tooFew = await runLoad(['smoke'], variables)
    expect(tooFew.stderr).toContain('TOKENS_FILE has 16 tokens, and 17 buyers come in this run')
    expect(tooFew.stdout).toContain('FAILED before anybody arrived.')
    expect(tooFew.code).toBe(107)
    writeFileSync(file, tokens.join('\n'))
    const { code, stdout, summary } = await load('smoke', variables)
    expect(summary, stdout).toMatchObject({ passed: true, problems: [] })
    expect(code).toBe(0)
    const headers = { 'x-shop': 'outlet' }
    const answer = await fetch(`${engine.url}/v1/products`, { headers })
    expect(await answer.json()).toMatchObject({ items: [{ name: /^Runner/ }] })
  })

  it.each<{ scenario: string; sizes: Variables; says: string }>([
    {
      scenario: 'claim',
      sizes: { RATE: '6', DURATION_S: '3', QUANTITY: '21' },
      says: 'QUANTITY=21',
    },
    { scenario: 'checkout', sizes: { RATE: '10', DURATION_S: '2', STOCK: '20' }, says: 'STOCK=20' },
    { scenario: 'spike', sizes: { RATE: '10', DURATION_S: '2', STOCK: '20' }, says: 'STOCK=20' },
  ])(
    'says at once that nobody would come too late in $scenario',
    async ({ scenario, sizes, says }) => {
      const { code, stdout, stderr } = await runLoad([scenario], sizes)
      expect(`${stdout}${stderr}`).toMatch(
        new RegExp(`${says} is enough for all \\d+ arrivals: make it`),
      )
      expect(code).toBe(107)
    },
  )

  it('fails where the books do not balance', async () => {
    const balances = shopKey('main', 'balances')
    await inRedis((redis) => redis.hincrby(balances, 'nobody', 1))
    const { code, stdout, summary } = await load('smoke', { RATE: '8', DURATION_S: '2' })
    await inRedis((redis) => redis.hdel(balances, 'nobody'))
    expect(stdout).toMatch(/^OFF {4}verify holds$/m)
    expect(summary.problems).toEqual([expect.stringMatching(/^checks\{part:books\}: rate==1, was/)])
    expect(code).toBe(99)
  })
})

it('npm run load says how to get k6 where it is not', async () => {
  const nowhere = join(settings.DATA_DIR, 'nowhere')
  mkdirSync(nowhere, { recursive: true })
  const command = [process.execPath, 'bin/main.ts', 'load', 'smoke']
  const { code, stderr } = await runCommand(command, { ...settings, PATH: nowhere, HOME: nowhere })
  expect(stderr).toMatch(/^k6 is missing: install it \(https:.+\), or start Docker\.$/m)
  expect(code).toBe(1)
})

it('npm run load names the scenarios that there are', async () => {
  const { code, stderr } = await runLoad(['stampede'])
  const names = 'breakpoint, checkout, claim, mixed, smoke, soak, spike'
  expect(stderr).toContain(`Allowed choices are ${names}; see: stampede load --help`)
  expect(code).toBe(2)
})

it('npm run load --help tells every variable that is read, with its default', async () => {
  const { code, stdout } = await runCommand(['npm', 'run', '-s', 'load', '--', '--help'], settings)
  const folder = join(root, 'load-tests')
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  for (const file of [...files, 'lib/environment.ts']) {
    const text = readFileSync(join(folder, file), 'utf8')
    const sizes = [...text.matchAll(/sizeOf\('([A-Z_]+)', ([\d_]+)\)/g)]
    expect(sizes.length, file).toBeGreaterThan(0)
    for (const [, name, byDefault = ''] of sizes) {
      const line = `  ${name}=${byDefault.replaceAll('_', '')} `
      // In its own part of the help: names mean different sizes in different scenarios.
      const [part = ''] = file.startsWith('lib/')
        ? [stdout]
        : (new RegExp(`^${file.replace('.ts', '')}\\n(.|\\n)*?(?=^\\w|(?![^]))`, 'm').exec(
            stdout,
          ) ?? [])
      expect(part, `${file}: ${name}`).toContain(line)
    }
  }
  expect(code).toBe(0)
})

it('npm run load says what is wrong before anything is loaded', async () => {
  const wrong = async (variables: Variables) => (await runLoad(['smoke'], variables)).stderr
  expect(await wrong({ ADMIN_TOKEN: 'x' })).toContain('ADMIN_TOKEN and TOKENS_FILE go together.')
  expect(await wrong({ BASE_URL: 'here' })).toContain('BASE_URL is no URL: here')
  const foreign = { BASE_URL: engine.url, JWT_SECRET: '' }
  expect(await wrong(foreign)).toContain('Scenarios need JWT_SECRET to sign their tokens')
})

/** The ids of the worker processes of an engine. */
async function workersOf(engineId: number): Promise<number[]> {
  const found = await run('pgrep', ['-g', String(engineId), '-f', 'workers/main.ts'])
  return (found?.output.trim().split('\n') ?? []).map(Number)
}

function inRedis<Result>(action: Parameters<typeof withRedis<Result>>[1]): Promise<Result> {
  const record = readRecord(join(settings.DATA_DIR, 'redis.json'))
  return withRedis(`redis://:${record?.password}@127.0.0.1:${record?.port}`, action)
}
