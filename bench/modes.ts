import type { Bench, Sizes } from './bench.ts'
import type { Row } from './row.ts'
import { measureCheckout } from './rows/checkout.ts'
import { measureClaim } from './rows/claim.ts'
import { measureBacklog, measureGrowth } from './rows/growth.ts'
import { measureK6 } from './rows/k6.ts'
import { measureLag } from './rows/lag.ts'
import { measureLimits } from './rows/limits.ts'
import { measureMemory } from './rows/memory.ts'
import { measureOrder } from './rows/order.ts'
import { measurePeer } from './rows/peer.ts'
import { measureRebuild } from './rows/rebuild.ts'
import { measureRefusal } from './rows/refusal.ts'
import { measureProcesses, measureShops } from './rows/scale.ts'

type Measurements = Record<string, (bench: Bench) => Promise<Row[]>>

/** What can be measured, by the mode that does it, in the order in which it is done. */
export const modes = {
  budgets: {
    claim: measureClaim,
    order: measureOrder,
    checkout: measureCheckout,
    refusal: measureRefusal,
    limits: measureLimits,
    lag: measureLag,
    memory: measureMemory,
    rebuild: measureRebuild,
    peer: measurePeer,
  },
  scale: { processes: measureProcesses, shops: measureShops },
  growth: { users: measureGrowth, backlog: measureBacklog },
  k6: { k6: measureK6 },
} satisfies Record<string, Measurements>

export type Mode = keyof typeof modes

/** Full runs are for a quiet machine, quick ones for a look, and smoke runs only show that everything works. */
export const sizes = {
  full: {
    ...{ rounds: 5, requests: 30_000, warmUp: 30_000, connections: 64 },
    ...{ alternativeRequests: 10_000, alternativeWarmUp: 10_000 },
    ...{ lagSeconds: 30, memoryEntities: 1_000_000, largest: 1_000_000 },
    rebuild: { users: 1_000_000, options: 100_000, isBudget: true },
  },
  quick: {
    ...{ rounds: 3, requests: 4_000, warmUp: 8_000, connections: 64 },
    ...{ alternativeRequests: 1_000, alternativeWarmUp: 1_000 },
    ...{ lagSeconds: 5, memoryEntities: 50_000, largest: 100_000 },
    rebuild: { users: 50_000, options: 5_000, isBudget: false },
  },
  smoke: {
    ...{ rounds: 1, requests: 200, warmUp: 100, connections: 8 },
    ...{ alternativeRequests: 100, alternativeWarmUp: 50 },
    ...{ lagSeconds: 1, memoryEntities: 500, largest: 10_000 },
    rebuild: { users: 500, options: 100, isBudget: false },
  },
} satisfies Record<string, Sizes>

export type Size = keyof typeof sizes
