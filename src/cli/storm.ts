import { loadConfig } from '../config.ts'
import type { Demonstration } from '../demo/demonstrate.ts'
import { openTokenSigner } from '../services/token-signer.ts'
import { exitCodeOf, exitCodes, show } from './answer.ts'
import { command, integer } from './command.ts'
import { openInterruption } from './interruption.ts'

const tokenTtlMs = 3_600_000

export function stormCommand() {
  return command('storm', {
    summary: 'Run one flash sale start to end, and check its books',
    details:
      'It goes to the engine of this configuration. Where none answers, it starts one for as long as it takes. It is ' +
      'the same as npm run demo.',
    examples: ['storm', 'storm --seed 7 --json'],
  })
    .option(
      '--seed <number>',
      'another sale; the same number gives the same one (default: 1)',
      integer,
    )
    .option('--no-start', 'fail where no engine answers, instead of starting one')
    .action(async ({ seed = 1, start: mayStart, ...options }) => {
      const interruption = openInterruption()
      const { report, checks, text } = await demonstrateHere({ seed, mayStart }, interruption)
      process.exitCode = report.ok ? exitCodes.done : exitCodeOf(interruption.reason)
      show(report, options, () => text)
      for (const { name, off } of checks) {
        if (options.json && off.length > 0) process.stderr.write(`failed: ${name}: ${off[0]}\n`)
      }
    })
}

/** Finds or starts the engine, runs the demo in it, and leaves the engine as it was found. */
async function demonstrateHere(
  { seed, mayStart }: { seed: number; mayStart: boolean },
  interruption: AbortSignal,
): Promise<Demonstration> {
  const [{ demonstrate }, { showProgress }, { findOrStartEngine }] = await Promise.all([
    import('../demo/demonstrate.ts'),
    import('../demo/progress.ts'),
    import('../demo/running-engine.ts'),
  ])
  const config = loadConfig()
  const sign = openTokenSigner(config, tokenTtlMs)
  const progress = showProgress()
  try {
    progress.setPhase(`looking for the engine${mayStart ? ', or starting it' : ''}`)
    const engine = await findOrStartEngine(config, { mayStart, signal: interruption })
    try {
      return await demonstrate({ url: engine.url, seed, sign }, progress, interruption)
    } finally {
      if (engine.wasStarted) progress.setPhase('stopping the engine')
      await engine.stop()
    }
  } finally {
    progress.end()
  }
}
