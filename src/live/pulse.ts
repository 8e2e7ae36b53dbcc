import { randomUUID } from 'node:crypto'
import { commands } from '../engine/commands.ts'
import type { DecidedBatch } from '../engine/shop-decider.ts'
import type { RedisClient } from '../redis/client.ts'

/** What a buyer asked for, as far as people watch it. */
export const outcomeKinds = ['claims', 'orders', 'payments', 'cancels', 'refunds'] as const
export type OutcomeKind = (typeof outcomeKinds)[number]

/** By kind, how often each status was answered; see the Lua file of a decision for its statuses. */
export type Outcomes = { [Kind in OutcomeKind]?: Record<string, number> }

/** What one process decided in one second of its clock, by shop. It comes each second, also with nothing in it. */
export type Pulse = {
  process: string
  /** Seconds since 1970. */
  second: number
  shops: Record<string, Outcomes>
}

/** Where the pulses of all processes meet: no part of a shop's state, and lost where nobody listens. */
export const pulseChannel = 'stampede:pulse'

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

export type PulseCounter = {
  /** Counts what one call decided, or that it did not. */
  countBatch(batch: DecidedBatch): void
  /** Counts a claim that was refused without asking Redis. */
  countSoldOut(shop: string): void
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
  let pulse: Pulse = { process, second: secondNow(), shops: {} }
  let isOver: Pulse[] = []

  function outcomesOf(shop: string): Outcomes {
    const second = secondNow()
    if (second !== pulse.second) {
      isOver.push(pulse)
      pulse = { process, second, shops: {} }
    }
    pulse.shops[shop] ??= {}
    return pulse.shops[shop]
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
    async publish() {
      if (pulse.second !== secondNow()) {
        isOver.push(pulse)
        pulse = { process, second: secondNow(), shops: {} }
      }
      const pulses = isOver
      isOver = []
      // What nobody hears is not kept for later: it is a picture of now.
      await Promise.allSettled(
        pulses.map((one) => redis.publish(pulseChannel, JSON.stringify(one))),
      )
    },
  }
}
