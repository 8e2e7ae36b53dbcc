import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { loadConfig } from '../config.ts'
import { isAlive } from '../demo/running-engine.ts'
import { findJwtSecret } from '../services/jwt-secret.ts'
import { run } from '../services/processes.ts'
import { serverUrl } from '../services/server-url.ts'

const folder = resolve(import.meta.dirname, '../../load-tests')
const image = 'grafana/k6:2.2.0'
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))

const usage = `npm run load -- SCENARIO [k6 options]

Runs a k6 scenario against the running server of this configuration.
  SCENARIO   ${scenarios.join(', ')}
Each scenario names the variables that change its size, e.g. RATE=1000 npm run load -- claim`

const [scenario, ...k6Options] = process.argv.slice(2)
if (scenario === undefined || !scenarios.includes(scenario)) {
  const problem = scenario === undefined ? '' : `There is no scenario ${scenario}.\n\n`
  process.stderr.write(`${problem}${usage}\n`)
  process.exitCode = 1
} else {
  try {
    process.exitCode = await runScenario(scenario, k6Options)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}

/** Runs k6 to its end and gives its exit code: 0 where every threshold holds and the books balance. */
async function runScenario(name: string, options: string[]): Promise<number> {
  const config = loadConfig()
  const secret = findJwtSecret(config)
  if (secret === undefined) throw new Error('Scenarios sign their own tokens and need JWT_SECRET.')
  const url = serverUrl(config)
  if (!(await isAlive(url))) throw new Error(`Nothing answers at ${url.href}: npm start first.`)
  const [command, ...before] = await findK6()
  const script = command === 'docker' ? `/load-tests/${name}.ts` : join(folder, `${name}.ts`)
  const child = spawn(command, [...before, 'run', ...options, script], {
    stdio: 'inherit',
    // The secret goes through the environment, because everybody on the machine can read an argument.
    env: { ...process.env, BASE_URL: url.origin, JWT_SECRET: secret },
  })
  // Ctrl-C reaches k6 by itself, which then stops gently and checks the books.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('exit', (code) => done(code ?? 1))
  })
}

/** How to call k6: a program, or a container that shares the network and the environment of this machine. */
async function findK6(): Promise<[command: string, ...before: string[]]> {
  for (const command of ['k6', join(homedir(), 'go', 'bin', 'k6')]) {
    if ((await run(command, ['version']))?.code === 0) return [command]
  }
  if ((await run('docker', ['info']))?.code === 0) {
    const environment = ['BASE_URL', 'JWT_SECRET', 'RATE', 'DURATION_S', 'QUANTITY', 'STOCK']
    return [
      'docker',
      ...['run', '--rm', '--interactive', '--network', 'host'],
      ...environment.flatMap((variable) => ['--env', variable]),
      ...['--volume', `${folder}:/load-tests:ro`, image],
    ]
  }
  throw new Error(
    'k6 is missing: install it (https://grafana.com/docs/k6/latest/set-up/install-k6), or start Docker.',
  )
}
