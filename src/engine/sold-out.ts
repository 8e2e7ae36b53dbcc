import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { type BloomFilter, openBloomFilter } from './bloom-filter.ts'
import type { Reply } from './engine.ts'
import { readClaimers } from './user-coupons.ts'

/** What one process knows of sold-out coupons. It may refuse a claim, and never admits one. */
export type SoldOutCoupons = {
  /**
   * Whether a claim is surely refused as `sold_out`: the user has no earlier claim that would answer it. Now and then
   * it says no, so that Redis is asked again while all others are still refused.
   */
  refuses(shop: string, couponId: string, userId: string): boolean
  /** Learns from the replies of a batch that was sent at this time. */
  note(shop: string, batch: Batch, replies: readonly Reply[]): void
  /** Trusts nothing any more that it knows of a shop. */
  forget(shop: string): void
}

type Batch = { commands: string[][]; epoch: number; sentAtMs: number }

/** A coupon that was sold out. While so many units are issued in the same epoch nobody else has claimed it. */
type SoldOut = {
  epoch: number
  issued: number
  /** Redis said so, and until then it is taken to be so. */
  trustedUntilMs: number
  /** From then on one request asks Redis again, so that the others need not. */
  askAtMs: number
  /** Who has claimed it, or null while that is not known. */
  claimers: BloomFilter | null
  /** When its claimers were last asked for. */
  loadedAtMs: number
}

/**
 * Remembers which coupons are sold out. A user who has a claim gets it again, also when all are gone: so the claimers
 * of a coupon are read once it is sold out, and only who is surely none of them is refused without asking Redis. What
 * Redis said is trusted for `limits.soldOutLatchMs` from before it was asked, and no longer than the coupon is valid.
 *
 * @param nowMs a clock that is never set.
 * @param onRefused is told of each claim that is refused here.
 */
export function openSoldOutCoupons(
  redis: RedisClient,
  nowMs: () => number,
  onRefused: (shop: string) => void = () => {},
): SoldOutCoupons {
  const coupons = new Map<string, SoldOut>()
  let isLoading = false

  /** Arms the latch of a coupon. Its claimers are those of before where nothing was issued since. */
  function arm(shop: string, couponId: string, found: Found): void {
    const key = keyOf(shop, couponId)
    let coupon = coupons.get(key)
    if (coupon?.epoch !== found.epoch || coupon.issued !== found.issued) {
      coupon = { ...found, claimers: null, loadedAtMs: Number.NEGATIVE_INFINITY }
      coupons.delete(key)
      const [oldest] = coupons.keys()
      if (coupons.size >= limits.soldOutCouponsMax) coupons.delete(oldest as string)
      coupons.set(key, coupon)
    }
    coupon.trustedUntilMs = found.trustedUntilMs
    coupon.askAtMs = found.askAtMs
    const mayLoad = !isLoading && nowMs() - coupon.loadedAtMs >= limits.soldOutReloadMs
    if (!coupon.claimers && mayLoad && coupon.issued <= limits.soldOutClaimsMax) {
      void load(shop, couponId, coupon)
    }
  }

  /** Reads the claimers of a coupon; where that fails, they are asked for again by a later refusal. */
  async function load(shop: string, couponId: string, coupon: SoldOut): Promise<void> {
    isLoading = true
    coupon.loadedAtMs = nowMs()
    coupon.claimers = await readFilter(redis, shop, couponId, coupon).catch(() => null)
    isLoading = false
  }

  return {
    refuses(shop, couponId, userId) {
      const coupon = coupons.get(keyOf(shop, couponId))
      if (!coupon?.claimers) return false
      if (nowMs() >= coupon.askAtMs) {
        // The others have to ask too where its answer does not come in time.
        coupon.askAtMs = coupon.trustedUntilMs
        return false
      }
      if (coupon.claimers.mayHave(userId)) return false
      onRefused(shop)
      return true
    },
    note(shop, { commands, epoch, sentAtMs }, replies) {
      for (const [index, reply] of replies.entries()) {
        const [name, , couponId] = commands[index] as [string, string, string?]
        if (name === 'claim-coupon' && reply[0] === 'sold_out') {
          const endsInMs = Number(reply[2])
          const trustMs =
            endsInMs < 0 ? limits.soldOutLatchMs : Math.min(limits.soldOutLatchMs, endsInMs)
          arm(shop, couponId as string, {
            epoch,
            issued: Number(reply[1]),
            trustedUntilMs: sentAtMs + trustMs,
            askAtMs: sentAtMs + trustMs / 2,
          })
        } else if (name === 'update-coupon') {
          coupons.delete(keyOf(shop, couponId as string))
        }
      }
    },
    forget(shop) {
      for (const key of coupons.keys()) if (key.startsWith(`${shop}:`)) coupons.delete(key)
    },
  }
}

type Found = Pick<SoldOut, 'epoch' | 'issued' | 'trustedUntilMs' | 'askAtMs'>

/** Neither id has a colon. */
const keyOf = (shop: string, couponId: string) => `${shop}:${couponId}`

/**
 * The claimers of a coupon, or null where they are not all of those that had claimed it: each claim must be among what
 * was read, and afterwards the shop must still be the one whose decision asked for it.
 */
async function readFilter(
  redis: RedisClient,
  shop: string,
  couponId: string,
  { issued, epoch }: Pick<SoldOut, 'issued' | 'epoch'>,
): Promise<BloomFilter | null> {
  const claimers = openBloomFilter(issued)
  const pages = readClaimers(redis, shop, couponId)
  let count = 0
  let page = await pages.next()
  while (!page.done) {
    for (const userId of page.value) claimers.add(userId)
    count += page.value.length
    page = await pages.next()
  }
  const [state, epochNow] = await redis.hmget(shopKey(shop, 'meta'), 'state', 'epoch')
  const isWhole = count === issued && page.value === issued
  return isWhole && state === 'open' && Number(epochNow) === epoch ? claimers : null
}
