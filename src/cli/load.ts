import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Argument } from '@commander-js/extra-typings'
import { loadConfig } from '../config.ts'
import { isAlive } from '../demo/running-engine.ts'
import { findJwtSecret } from '../services/jwt-secret.ts'
import { run } from '../services/processes.ts'
import { serverUrl } from '../services/server-url.ts'
import { exitCodes, type ForWhom, show } from './answer.ts'
import { command } from './command.ts'

const folder = resolve(import.meta.dirname, '../../load-tests')
const image = 'grafana/k6:2.2.0'
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))

export function loadCommand() {
  return command('load', {
    summary: 'Run a k6 scenario against the running engine of this configuration',
    details:
      'What follows the scenario goes to k6. Each scenario names the variables that change its size. With --json, ' +
      'which stands before the scenario, what k6 says goes to standard error.',
    examples: ['load claim', 'load mixed --quiet', 'load --json checkout --no-thresholds'],
  })
    .addArgument(new Argument('<scenario>', 'which').choices(scenarios))
    .argument('[options...]', 'of k6 run')
    .passThroughOptions()
    .action(async (scenario, k6Options, options) => {
      const k6ExitCode = await runScenario(scenario, k6Options, options)
      const ok = k6ExitCode === 0
      process.exitCode = ok ? exitCodes.done : exitCodes.failed
      // What people want to know k6 has said.
      if (options.json) show({ ok, scenario, k6ExitCode }, options, String)
    })
}

/** Runs k6 to its end and gives its exit code: 0 where every threshold holds and the books balance. */
async function runScenario(name: string, k6Options: string[], { json }: ForWhom): Promise<number> {
  const config = loadConfig()
  const secret = findJwtSecret(config)
  if (secret === undefined) throw new Error('Scenarios sign their own tokens and need JWT_SECRET.')
  const url = serverUrl(config)
  if (!(await isAlive(url))) throw new Error(`Nothing answers at ${url.href}: npm start first.`)
  const [command, ...before] = await findK6()
  const script = command === 'docker' ? `/load-tests/${name}.ts` : join(folder, `${name}.ts`)
  const child = spawn(command, [...before, 'run', ...k6Options, script], {
    stdio: ['inherit', json ? 2 : 'inherit', 'inherit'],
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
