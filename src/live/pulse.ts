import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { commands } from '../engine/commands.ts'
import type { DecidedBatch } from '../engine/shop-decider.ts'
import type { RedisClient } from '../redis/client.ts'

/**
 * What a buyer asked for, as far as people watch it. `requests` are those, whatever they ask for, that failed here or
 * were not let through to a decision.
 */
export type OutcomeKind = 'claims' | 'orders' | 'payments' | 'cancels' | 'refunds' | 'requests'

/**
 * By kind, how often each status was answered; see the Lua file of a decision for its statuses. Those of `requests` are
 * codes of problems.
 */
export type Outcomes = { [Kind in OutcomeKind]?: Record<string, number> }

/** What one process decided in one second of its clock, by shop. It comes each second, also with nothing in it. */
export type Pulse = {
  process: string
  /** Seconds since 1970. */
  second: number
  /** What was answered before it was known for which shop stands under `noShop`. */
  shops: Record<string, Outcomes>
}

/** No shop has this name. */
export const noShop = ''

const counts = z.record(z.string(), z.int().nonnegative())
const pulseSchema = z.object({
  process: z.string(),
  second: z.int(),
  shops: z.record(z.string(), z.record(z.string(), counts)),
})

/** Reads what was published, or null where it is no pulse: whoever may use this Redis may publish anything. */
export function readPulse(text: string): Pulse | null {
  try {
    return pulseSchema.parse(JSON.parse(text)) as Pulse
  } catch {
    return null
  }
}

/**
 * Where the pulses of all processes meet: no part of a shop's state, and lost where nobody listens. All databases of
 * a Redis share its channels, so the name says of which one this tells.
 */
export function pulseChannel(redis: RedisClient): string {
  return `stampede:pulse:${redis instanceof Redis ? (redis.options.db ?? 0) : 0}`
}

const kindOfDecision: Record<string, OutcomeKind> = {
  'claim-coupon': 'claims',
  'claim-by-code': 'claims',
  'place-order': 'orders',
  'pay-order': 'payments',
  'cancel-order': 'cancels',
  'refund-order': 'refunds',
}

/** Where a `place-order` says that it pays at once: its arguments follow its name and their count. */
const payPosition = 2 + commands['place-order'].indexOf('pay')

/** What is no answer yet: the same is asked again at once, with what was missing. */
const isAskedAgain = new Set(['reaping', 'order_needed'])

/** Problems of those who were not let through to a decision; whatever a decision refuses is counted with it. */
const isKeptOut = new Set(['rate_limited', 'admission_required'])

export type PulseCounter = {
  /** Counts what one call decided, or that it did not. */
  countBatch(batch: DecidedBatch): void
  /** Counts a claim that was refused without asking Redis. */
  countSoldOut(shop: string): void
  /** Counts a request that failed, or that no decision was asked about; `shop` is unknown where it came too early. */
  countProblem(shop: string | undefined, problem: { status: number; code: string }): void
  /** Tells everybody who listens what happened in the seconds that are over. It never fails. */
  publish(): Promise<void>
}

/**
 * Counts what this process decides, second by second. Nobody else could: a refusal changes nothing in Redis, and leaves
 * no event.
 */
export function openPulse(redis: RedisClient, nowMs: () => number = Date.now): PulseCounter {
  const process = randomUUID()
  const secondNow = () => Math.floor(nowMs() / 1_000)
  let counted = { second: secondNow(), shops: new Map<string, Outcomes>() }
  let isOver: (typeof counted)[] = []

  /** What is counted from now on belongs to this second. */
  function turn(): void {
    const second = secondNow()
    if (second === counted.second) return
    isOver.push(counted)
    counted = { second, shops: new Map() }
  }

  function outcomesOf(shop: string): Outcomes {
    turn()
    const outcomes = counted.shops.get(shop) ?? {}
    counted.shops.set(shop, outcomes)
    return outcomes
  }

  function add(outcomes: Outcomes, kind: OutcomeKind, status: string): void {
    outcomes[kind] ??= {}
    outcomes[kind][status] = (outcomes[kind][status] ?? 0) + 1
  }

  return {
    countBatch({ shop, commands: decided, replies }) {
      const outcomes = outcomesOf(shop)
      for (const [index, command] of decided.entries()) {
        const kind = kindOfDecision[command[0] as string]
        const status = replies?.[index]?.[0] ?? 'unavailable'
        if (kind === undefined || isAskedAgain.has(status)) continue
        add(outcomes, kind, status)
        if (kind === 'orders' && status === 'placed' && command[payPosition] === '1') {
          add(outcomes, 'payments', 'paid')
        }
      }
    },
    countSoldOut: (shop) => add(outcomesOf(shop), 'claims', 'sold_out'),
    countProblem(shop = noShop, { status, code }) {
      const isWatched = status >= 500 || isKeptOut.has(code)
      if (isWatched) add(outcomesOf(shop), 'requests', code)
    },
    async publish() {
      turn()
      const pulses = isOver.map(({ second, shops }): Pulse => {
        return { process, second, shops: Object.fromEntries(shops) }
      })
      isOver = []
      // What nobody hears is not kept for later: it is a picture of now.
      await Promise.allSettled(
        pulses.map((pulse) => redis.publish(pulseChannel(redis), JSON.stringify(pulse))),
      )
    },
  }
}
