import type { LinkFault } from '../link.ts'
import type { RunOptions } from '../run.ts'
import type { Fault, PlannedFault } from '../schedule.ts'
import { workerNames } from '../stage.ts'
import type { Patch } from './patched-tree.ts'
import { openPowerCut } from './power-cut.ts'

/** A mechanism that is taken out, and how that must show. */
export type Canary = {
  /** In a sentence: what is missing. */
  without: string
  patch?: Patch
  unsafe?: () => NonNullable<RunOptions['unsafe']>
  plan: PlannedFault[]
  /** The checks of which one must fail. */
  caughtBy: readonly string[]
}

const quiet: PlannedFault[] = [{ at: 3_000, fault: { type: 'restart', target: 'api-1' } }]

const onWorkers = (at: number, fault: LinkFault, forMs: number): PlannedFault[] =>
  workerNames.map((name) => ({
    at,
    fault: { type: 'link', link: `${name}>postgres`, fault, forMs } satisfies Fault,
  }))

export const canaries: Record<string, Canary> = {
  everysec: {
    without: 'every answer waits for the disk (appendfsync everysec, and the power fails)',
    unsafe: openPowerCut,
    plan: [
      // What is in Postgres already would not be lost.
      ...workerNames.map((target) => ({
        at: 2_000,
        fault: { type: 'freeze', target, forMs: 4_000 } satisfies Fault,
      })),
      { at: 4_500, fault: { type: 'kill', target: 'redis' } },
    ],
    caughtBy: ['accepted is kept'],
  },
  'trim-first': {
    without: 'the outbox is trimmed after the commit',
    patch: {
      file: 'workers/drain-outbox.ts',
      find: `      try {
        const place = {`,
      replace: `      await redis.xtrim(\`{\${shop}}:outbox\`, 'MAXLEN', 0)
      try {
        const place = {`,
    },
    plan: [
      { at: 2_000, fault: { type: 'kill', target: 'postgres' } },
      ...onWorkers(5_000, { mode: 'reset' }, 0),
    ],
    caughtBy: ['accepted is kept'],
  },
  'no-fence': {
    without: 'the watermark is compared before it is set',
    patch: {
      file: 'workers/commit-batch.ts',
      find: ' and event_id = $5 and epoch = $6',
      replace: ' and $5::text is not null and $6::int is not null',
    },
    plan: [
      // Slow drains, and nobody who knows that they are under way.
      ...onWorkers(1_500, { mode: 'delay', delayMs: 100, jitterMs: 200 }, 6_000),
      ...Array.from({ length: 12 }, (_, index) => ({
        at: 2_000 + index * 400,
        fault: { type: 'queue-lost' } satisfies Fault,
      })),
    ],
    caughtBy: [
      'no dead letters',
      'one effect',
      'no duplicates',
      'balance chain',
      'accepted is kept',
    ],
  },
  'no-event': {
    without: 'an order and its event are written together',
    patch: {
      file: 'lua/includes/order-records.lua',
      find: 'append_event(event_type, record)',
      replace: "event_type == 'order_placed' and '0-1' or append_event(event_type, record)",
    },
    plan: quiet,
    caughtBy: ['accepted is kept'],
  },
  'no-record': {
    without: 'the order is the record of its key',
    patch: {
      file: 'lua/place-order.lua',
      find: 'local kept = read_kept_order(orders, operation_id)',
      replace: 'local kept = nil',
    },
    plan: quiet,
    caughtBy: ['one effect'],
  },
  'no-limit': {
    without: 'a claim looks for an earlier one of its user',
    patch: {
      file: 'lua/claim-coupon.lua',
      find: 'if #list >= coupon.perUserLimit then',
      replace: 'if #list >= 10 then',
    },
    plan: quiet,
    caughtBy: ['one effect'],
  },
}
