import type { MikroORM } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { databaseOf, inSnapshot } from '../db/database.ts'
import { countDropped } from '../dead-letters/dead-letters.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { clockOf } from '../redis/clock.ts'
import { balanceChainFacts, balanceFacts, balanceMirror } from './balances.ts'
import { cartMirror } from './carts.ts'
import { type Check, type CheckRecord, openCheck } from './check.ts'
import { claimedCodeFacts, codesOnlyFacts, sharedCodeMirror, uniqueCodeMirror } from './codes.ts'
import { compareMirror } from './compare-mirror.ts'
import { couponOrderFacts, couponStepFacts, orderCouponFacts } from './coupon-links.ts'
import { couponFacts, couponMirror, couponsPerUserFacts } from './coupons.ts'
import { compareHolds, purchaseMirror } from './holds.ts'
import { checkHotState } from './hot-state.ts'
import type { Mirror } from './mirror.ts'
import { adjustmentMirror, chargeMirror } from './operations.ts'
import { optionMirror, priceChainFacts } from './options.ts'
import { balanceCouponFacts, paymentFacts, stockOfOrderFacts } from './order-links.ts'
import { orderStubMirror } from './order-stubs.ts'
import { orderFacts, orderMirror, refundedOrderFacts } from './orders.ts'
import { checkDeadLetters, checkOutbox, countBacklog, drainedInTime } from './outbox.ts'
import { descriptionMirror, nameAsSoldFacts, productMirror, revisionFacts } from './products.ts'
import { rankingMirror } from './ranking.ts'
import { rankFacts, snapshotFacts, snapshotSalesFacts } from './ranking-snapshots.ts'
import { refundedItemFacts, refundFacts, refundMirror } from './refunds.ts'
import { compareRowFacts, type RowFacts } from './row-facts.ts'
import type { Shop } from './shop.ts'
import { stockFacts, stockMirror } from './stock.ts'
import { couponHistoryFacts, userCouponFacts, userCouponMirror } from './user-coupons.ts'

export type VerifyReport = {
  /** Whether every check holds. */
  ok: boolean
  checks: Check[]
  /** Events that were not in Postgres yet when the checks ended. */
  backlog: number
  /** Accepted events without rows, because an operator dropped them: what the checks say is true without them. */
  dropped: number
  /** How often the hot state was rebuilt, counted from 1; 0 for a shop that nobody knows. */
  epoch: number
}

/**
 * Proves the books of a shop, also while it is selling: that Postgres' rows agree with one another, and that Redis
 * says what Postgres says plus the events that are still on their way.
 *
 * @param options.drainWaitMs how long to wait for the events that are there at the beginning to reach Postgres.
 * @param options.onPhase hears, for people, what is looked at next.
 * @throws where Redis or Postgres does not answer.
 */
export async function verify(
  { redis, orm }: { redis: RedisClient; orm: MikroORM },
  shop: string,
  options: { drainWaitMs?: number; onPhase?: (phase: string) => void } = {},
): Promise<VerifyReport> {
  const { drainWaitMs = limits.verifyDrainWaitMs, onPhase } = options
  const place: Shop = { redis, db: databaseOf(orm), shop }
  const hotState = openCheck('hot-state')
  const outbox = openCheck('outbox')
  onPhase?.('waiting for events on their way to Postgres')
  const { epoch, isComplete } = await checkHotState(place, hotState)
  const backlog = isComplete ? await waitForDrain(place, drainWaitMs, outbox) : 0

  const subjects = openSubjects(shop, new Date(await clockOf(redis, shop)))
  const dropped = await inSnapshot(place.db, async (snapshot) => {
    // A shop that is newer than the statistics counts for empty, so that loops over its rows look cheapest: a minute
    // for 6,000 orders, where it takes two seconds otherwise.
    await sql`set local enable_nestloop = off`.execute(snapshot)
    for (const { facts, check } of subjects) {
      onPhase?.(`the rows of ${check.name} in Postgres`)
      for (const query of facts) await compareRowFacts(snapshot, query, check)
    }
    await checkDeadLetters(snapshot, shop, outbox)
    return countDropped(snapshot, shop)
  })
  if (isComplete) {
    await checkOutbox(place, outbox)
    // A longer backlog than this cannot be added to what Postgres says; the outbox is off already.
    if (backlog <= limits.verifyTailEventsMax) await compareHot(place, subjects, outbox, onPhase)
  }

  const checks = [hotState, ...subjects.map(({ check }) => check), outbox].map((check) =>
    check.result(),
  )
  return {
    ok: checks.every(({ ok }) => ok),
    checks,
    backlog: isComplete ? await countBacklog(place) : 0,
    dropped,
    epoch,
  }
}

/**
 * Compares the hot state of a shop that is closed, and drained, with Postgres: what a rebuild has to get right. What
 * Postgres' rows say of one another is not looked at.
 *
 * @throws where Redis or Postgres does not answer.
 */
export async function verifyHotState(
  { redis, orm }: { redis: RedisClient; orm: MikroORM },
  shop: string,
): Promise<{ checks: Check[] }> {
  const place: Shop = { redis, db: databaseOf(orm), shop }
  const outbox = openCheck('outbox')
  const subjects = openSubjects(shop, new Date(await clockOf(redis, shop)))
  await checkOutbox(place, outbox)
  // Side by side, because nobody else waits for the stores of a closed shop.
  await Promise.all(subjects.map((subject) => compareHot(place, [subject], outbox)))
  return { checks: [...subjects.map(({ check }) => check), outbox].map((check) => check.result()) }
}

/** Waits for the events that are on their way; those that do not arrive in time are off. Returns their number. */
async function waitForDrain(place: Shop, timeoutMs: number, outbox: CheckRecord): Promise<number> {
  outbox.count(1)
  if (await drainedInTime(place, timeoutMs)) return 0
  const backlog = await countBacklog(place)
  const fact = `${backlog} events not yet persisted`
  outbox.report([{ row: 'outbox', fact, actual: String(backlog), expected: '0' }])
  return backlog
}

async function compareHot(
  place: Shop,
  subjects: Subject[],
  outbox: CheckRecord,
  onPhase?: (phase: string) => void,
): Promise<void> {
  for (const { check, mirrors, compareWithinRedis } of subjects) {
    onPhase?.(`${check.name} in Redis against Postgres`)
    await compareWithinRedis?.(place.redis, place.shop, check)
    for (const mirror of mirrors) {
      if (await compareMirror(place, mirror, check)) continue
      const fact = `near enough to compare ${check.name} with Redis`
      outbox.report([{ row: 'outbox', fact, actual: 'no', expected: 'yes' }])
    }
  }
}

type Subject = {
  check: CheckRecord
  /** What Postgres' rows must say of one another. */
  facts: RowFacts[]
  /** What both sides know. */
  mirrors: Mirror[]
  /** What Redis must say of itself. */
  compareWithinRedis?: (redis: RedisClient, shop: string, check: CheckRecord) => Promise<void>
}

function openSubjects(shop: string, now: Date): Subject[] {
  return [
    {
      check: openCheck('catalog'),
      facts: [revisionFacts(shop), nameAsSoldFacts(shop), priceChainFacts(shop)],
      mirrors: [productMirror(shop), descriptionMirror(shop), optionMirror(shop)],
    },
    {
      check: openCheck('stock'),
      facts: [stockFacts(shop), stockOfOrderFacts(shop)],
      mirrors: [stockMirror(shop), adjustmentMirror(shop)],
    },
    {
      check: openCheck('coupons'),
      facts: [couponFacts(shop), couponsPerUserFacts(shop)],
      mirrors: [couponMirror(shop)],
    },
    {
      check: openCheck('user-coupons'),
      facts: [
        userCouponFacts(shop),
        couponHistoryFacts(shop),
        couponStepFacts(shop),
        couponOrderFacts(shop),
        orderCouponFacts(shop),
      ],
      mirrors: [userCouponMirror(shop)],
    },
    {
      check: openCheck('codes'),
      facts: [claimedCodeFacts(shop), codesOnlyFacts(shop)],
      mirrors: [sharedCodeMirror(shop), uniqueCodeMirror(shop)],
    },
    { check: openCheck('carts'), facts: [], mirrors: [cartMirror(shop)] },
    {
      check: openCheck('balances'),
      facts: [balanceFacts(shop), balanceChainFacts(shop)],
      mirrors: [balanceMirror(shop), chargeMirror(shop)],
    },
    {
      check: openCheck('orders'),
      facts: [
        orderFacts(shop),
        refundedOrderFacts(shop),
        paymentFacts(shop),
        balanceCouponFacts(shop),
      ],
      mirrors: [orderMirror(shop), orderStubMirror(shop)],
    },
    {
      check: openCheck('refunds'),
      facts: [refundFacts(shop), refundedItemFacts(shop)],
      mirrors: [refundMirror(shop)],
    },
    {
      check: openCheck('holds'),
      facts: [],
      mirrors: [purchaseMirror(shop)],
      compareWithinRedis: compareHolds,
    },
    {
      check: openCheck('ranking'),
      facts: [rankFacts(shop), snapshotFacts(shop), snapshotSalesFacts(shop)],
      mirrors: [rankingMirror(shop, now)],
    },
  ]
}
