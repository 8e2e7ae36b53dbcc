import { parseArgs } from 'node:util'
import { createSigner } from 'fast-jwt'
import { loadConfig } from '../config.ts'
import { type Demonstration, demonstrate } from '../demo/demonstrate.ts'
import { showProgress } from '../demo/progress.ts'
import { findOrStartEngine } from '../demo/running-engine.ts'
import { findJwtSecret } from '../services/jwt-secret.ts'

const usage = `npm run demo -- [--seed N] [--json]

Runs one flash sale start to end against the engine of this configuration, and checks its books. Where no engine
answers, it starts one for as long as it takes.
  --seed N   another sale; the same number gives the same one again (default 1)
  --json     one JSON object on standard output, for a machine
It exits with 0 if every check holds, else with 1.`

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interruption.abort(new Error('It was interrupted.')))
}
try {
  const { values: flags } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const seed = Number(flags.seed)
  if (!Number.isSafeInteger(seed)) throw new Error('--seed takes a whole number.')
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const { report, checks, text } = await demonstrateHere(seed)
    process.stdout.write(`${flags.json ? JSON.stringify(report) : text}\n`)
    for (const { name, off } of checks) {
      if (flags.json && off.length > 0) process.stderr.write(`failed: ${name}: ${off[0]}\n`)
    }
    process.exitCode = report.ok ? 0 : 1
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The demo could not run. ${reason}\n`)
  process.exitCode = 1
}

/** Finds or starts the engine, runs the demo in it, and leaves the engine as it was found. */
async function demonstrateHere(seed: number): Promise<Demonstration> {
  const config = loadConfig()
  const secret = findJwtSecret(config)
  if (secret === undefined) throw new Error('It signs its own tokens and needs JWT_SECRET.')
  const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 3_600_000 })
  const progress = showProgress()
  try {
    progress.setPhase('looking for the engine, or starting it')
    const engine = await findOrStartEngine(config, interruption.signal)
    try {
      return await demonstrate({ url: engine.url, seed, sign }, progress, interruption.signal)
    } finally {
      if (engine.wasStarted) progress.setPhase('stopping the engine')
      await engine.stop()
    }
  } finally {
    progress.end()
  }
}
