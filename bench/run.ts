import type { Bench, Sizes } from './bench.ts'
import { readConditions } from './conditions.ts'
import type { Report } from './report.ts'
import type { Row } from './row.ts'
import { measureCheckout } from './rows/checkout.ts'
import { measureClaim } from './rows/claim.ts'
import { measureLag } from './rows/lag.ts'
import { measureMemory } from './rows/memory.ts'
import { measureOrder } from './rows/order.ts'
import { measurePeer } from './rows/peer.ts'
import { measureRebuild } from './rows/rebuild.ts'
import { measureRefusal } from './rows/refusal.ts'
import { openShops } from './shops.ts'
import { openStage } from './stage.ts'

/** What can be measured, in the order in which it is. */
export const measurements: Record<string, (bench: Bench) => Promise<Row[]>> = {
  claim: measureClaim,
  order: measureOrder,
  checkout: measureCheckout,
  refusal: measureRefusal,
  lag: measureLag,
  memory: measureMemory,
  rebuild: measureRebuild,
  peer: measurePeer,
}

const sizes = {
  full: {
    ...{ rounds: 5, requests: 30_000, alternativeRequests: 10_000, connections: 64 },
    ...{ lagSeconds: 30, memoryEntities: 1_000_000 },
    rebuild: { users: 1_000_000, options: 100_000, isBudget: true },
  },
  quick: {
    ...{ rounds: 3, requests: 8_000, alternativeRequests: 2_000, connections: 64 },
    ...{ lagSeconds: 8, memoryEntities: 100_000 },
    rebuild: { users: 100_000, options: 10_000, isBudget: false },
  },
  smoke: {
    ...{ rounds: 1, requests: 200, alternativeRequests: 100, connections: 8 },
    ...{ lagSeconds: 1, memoryEntities: 500 },
    rebuild: { users: 500, options: 100, isBudget: false },
  },
} satisfies Record<string, Sizes>

/**
 * Measures and then proves the books.
 *
 * @throws Error where the engine does not start or a name is not one of `measurements`.
 */
export async function runBench(options: {
  size: keyof typeof sizes
  only?: string[] | undefined
  rounds?: number | undefined
  say: (line: string) => void
}): Promise<Report> {
  const { size, only = Object.keys(measurements), rounds, say } = options
  const unknown = only.filter((name) => !(name in measurements))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(' and no ')} to measure.`)
  const stage = await openStage(say)
  try {
    const shops = openShops(stage)
    const bench = { stage, shops, say, sizes: { ...sizes[size], ...(rounds && { rounds }) } }
    const conditions = { size, ...(await readConditions(bench)) }
    const rows: Row[] = []
    const problems: string[] = []
    for (const name of only) {
      try {
        rows.push(...((await measurements[name]?.(bench)) ?? []))
      } catch (error) {
        problems.push(`${name} could not be measured. ${error}`)
      }
    }
    say('verifying')
    await shops.drain()
    const off = await shops.verifyAll()
    const isMet = rows.every(({ met }) => met !== false)
    return {
      ok: isMet && off.length === 0 && problems.length === 0,
      verified: off.length === 0,
      conditions,
      rows,
      problems: [...problems, ...off],
    }
  } finally {
    await stage.close()
  }
}
