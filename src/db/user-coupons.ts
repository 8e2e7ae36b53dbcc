import type { EntityManager, FilterQuery, InferEntity } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { cutPage, decodeCursor, type Page } from './cursor.ts'
import type { Database } from './database.ts'
import { Coupon, UserCoupon } from './entities/coupons.ts'

/** A persisted user coupon and what it gives. Amounts in minor units, times in milliseconds since 1970. */
export type UserCouponRecord = {
  userCouponId: string
  couponId: string
  couponName: string
  discountType: 'FIXED' | 'PERCENTAGE'
  /** Minor units of FIXED, basis points of PERCENTAGE. */
  discountValue: number
  maxDiscountAmount: number | null
  minOrderAmount: number
  /** The place of the claim among all of the coupon, from 1. */
  rank: number
  status: Status
  issuedAt: number
  expiresAt: number | null
  usedAt: number | null
  /** The order that holds or used it, and its payment. */
  orderId: string | null
  paymentId: string | null
}

type Status = 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'
type Row = InferEntity<typeof UserCoupon>

/**
 * A user's persisted coupons, newest first. One whose time has passed by this process's clock is EXPIRED, whether or
 * not it is marked yet: an order, which asks Redis' clock, would refuse it. `bad_cursor` where the cursor is none of
 * this list.
 */
export async function listUserCoupons(
  em: EntityManager,
  shop: string,
  userId: string,
  page: { status?: Status | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<UserCouponRecord> | 'bad_cursor'> {
  const cursor =
    page.cursor === undefined ? undefined : decodeCursor(page.cursor, /^\d{1,14}:[\w-]+\.\d{1,9}$/)
  if (cursor === null) return 'bad_cursor'
  const now = new Date()
  const rows = await em.find(
    UserCoupon,
    { $and: [{ shop, userId }, ofStatus(page.status, now), issuedBefore(cursor)] },
    {
      orderBy: [{ issuedAt: 'desc' }, { id: 'desc' }],
      limit: page.limit + 1,
      disableIdentityMap: true,
    },
  )
  const coupons = await em.find(
    Coupon,
    { shop, id: { $in: [...new Set(rows.map(({ couponId }) => couponId))] } },
    { disableIdentityMap: true },
  )
  const couponOf = new Map(coupons.map((coupon) => [coupon.id, coupon]))
  return cutPage(rows, page.limit, {
    keyOf: ({ issuedAt, id }) => `${issuedAt.getTime()}:${id}`,
    itemOf: (row) => recordOf(row, couponOf.get(row.couponId) as InferEntity<typeof Coupon>, now),
  })
}

/** The persisted user coupon of this id with its owner, or null. */
export async function findUserCoupon(
  em: EntityManager,
  shop: string,
  id: string,
): Promise<(UserCouponRecord & { userId: string }) | null> {
  const row = await em.findOne(UserCoupon, { shop, id })
  if (!row) return null
  const coupon = await em.findOneOrFail(Coupon, { shop, id: row.couponId })
  return { ...recordOf(row, coupon, new Date()), userId: row.userId }
}

/** A user coupon whose time has passed; `expiresAt` is the text that Postgres gives, to the microsecond. */
export type LapsedUserCoupon = { id: string; userId: string; expiresAt: string }

/**
 * User coupons that are AVAILABLE after their time by Postgres' clock, in the order in which they lapsed.
 *
 * @param page.after the last one seen.
 */
export async function listLapsedUserCoupons(
  db: Database,
  shop: string,
  page: { limit: number; after?: LapsedUserCoupon | undefined },
): Promise<LapsedUserCoupon[]> {
  const { expiresAt, id } = page.after ?? { expiresAt: '-infinity', id: '' }
  const { rows } = await sql<LapsedUserCoupon>`
    select id, user_id as "userId", expires_at::text as "expiresAt" from user_coupons
    where shop = ${shop} and status = 'AVAILABLE' and expires_at <= now()
      and (expires_at, id) > (${expiresAt}::timestamptz, ${id})
    order by expires_at, id limit ${page.limit}`.execute(db)
  return rows
}

function ofStatus(status: Status | undefined, now: Date): FilterQuery<Row> {
  if (status === 'AVAILABLE') {
    return { status, $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] }
  }
  if (status === 'EXPIRED') {
    return { $or: [{ status }, { status: 'AVAILABLE', expiresAt: { $lte: now } }] }
  }
  return status === undefined ? {} : { status }
}

function issuedBefore(cursor: string | undefined): FilterQuery<Row> {
  if (cursor === undefined) return {}
  const [timeMs, id] = cursor.split(':') as [string, string]
  const issuedAt = new Date(Number(timeMs))
  return {
    issuedAt: { $lte: issuedAt },
    $or: [{ issuedAt: { $lt: issuedAt } }, { id: { $lt: id } }],
  }
}

function recordOf(row: Row, coupon: InferEntity<typeof Coupon>, now: Date): UserCouponRecord {
  const hasLapsed = row.status === 'AVAILABLE' && row.expiresAt != null && row.expiresAt <= now
  return {
    userCouponId: row.id,
    couponId: row.couponId,
    couponName: coupon.name,
    discountType: coupon.discountType,
    discountValue: coupon.discountValue,
    maxDiscountAmount: coupon.maxDiscountAmount ?? null,
    minOrderAmount: coupon.minOrderAmount,
    rank: row.rank,
    status: hasLapsed ? 'EXPIRED' : row.status,
    issuedAt: row.issuedAt.getTime(),
    expiresAt: row.expiresAt?.getTime() ?? null,
    usedAt: row.usedAt?.getTime() ?? null,
    orderId: row.orderId ?? null,
    paymentId: row.paymentId ?? null,
  }
}
