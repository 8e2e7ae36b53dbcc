import { rmSync } from 'node:fs'
import type { Violation } from '../check/violation.ts'
import { runChaos } from '../run.ts'
import { type Canary, canaries } from './canaries.ts'
import { patchTree } from './patched-tree.ts'

export type Finding = {
  canary: string
  without: string
  /** What shows that the mechanism is missing; empty where the harness has not noticed. */
  caught: Violation[]
}

/** Events that cannot be drained are a finding too, and not worth waiting for. */
const drainMs = 20_000

/**
 * Runs an engine that lacks a mechanism and must lose or double something by that.
 *
 * @throws Error where there is no such canary, or its patch does not fit the engine any more.
 */
export async function runCanary(
  name: string,
  options: { seed: number; requestsPerSecond: number; engine: string; say: (line: string) => void },
): Promise<Finding> {
  const canary: Canary | undefined = canaries[name]
  if (!canary) {
    throw new Error(`There is no canary ${name}, but ${Object.keys(canaries).join(', ')}.`)
  }
  const { without, patch, unsafe, plan, caughtBy } = canary
  const engine = patch ? patchTree(options.engine, patch) : options.engine
  try {
    options.say(`canary ${name}: nothing sees to it that ${without}`)
    const found = await runChaos({
      ...{ ...options, engine, plan, drainMs, keeps: false },
      ...(unsafe && { unsafe: unsafe() }),
    })
    const caught = found.violations.filter(({ check }) => caughtBy.includes(check))
    return { canary: name, without, caught }
  } finally {
    if (patch) rmSync(engine, { recursive: true, force: true })
  }
}

const shownMax = 3

/** What was caught and how, for a person. */
export function formatFinding({ canary, without, caught }: Finding): string {
  const shown = caught.slice(0, shownMax).map(({ check, text }) => `      ${check}: ${text}`)
  const more = caught.length > shownMax ? [`      and ${caught.length - shownMax} more`] : []
  return [
    `  ${caught.length > 0 ? '✓ caught' : '✗ MISSED'} ${canary}: ${without}`,
    ...shown,
    ...more,
  ].join('\n')
}
