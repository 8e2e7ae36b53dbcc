import type { EntityManager, InferEntity } from '@mikro-orm/postgresql'
import type { CouponRecord } from '../domain/events.ts'
import { cutPage, decodeCursor, decodeEventCursor, type Page } from './cursor.ts'
import { Coupon, CouponHistory } from './entities/coupons.ts'

/** One persisted step of a user coupon. `at` is in milliseconds since 1970. */
export type CouponChange = {
  id: string
  userCouponId: string
  userId: string
  action: 'ISSUED' | 'HELD' | 'USED' | 'RESTORED' | 'EXPIRED'
  /** The order that took it or gave it back; null where no order did. */
  orderId: string | null
  /** What it took off that order, in minor units. */
  appliedDiscount: number | null
  at: number
}

/** The persisted coupons of a shop, newest first. `bad_cursor` where the cursor is none of this list. */
export async function listCoupons(
  em: EntityManager,
  shop: string,
  page: { status?: CouponRecord['status'] | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<CouponRecord & { issuedQuantity: number; usedQuantity: number }> | 'bad_cursor'> {
  const cursor =
    page.cursor === undefined ? undefined : decodeCursor(page.cursor, /^\d{1,14}:[\w-]+$/)
  if (cursor === null) return 'bad_cursor'
  const [timeMs, id = ''] = cursor?.split(':') ?? []
  const createdAt = new Date(Number(timeMs))
  const coupons = await em.find(
    Coupon,
    {
      shop,
      ...(page.status !== undefined && { status: page.status }),
      ...(cursor !== undefined && {
        createdAt: { $lte: createdAt },
        $or: [{ createdAt: { $lt: createdAt } }, { id: { $lt: id } }],
      }),
    },
    {
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      limit: page.limit + 1,
      disableIdentityMap: true,
    },
  )
  return cutPage(coupons, page.limit, {
    keyOf: (coupon) => `${coupon.createdAt.getTime()}:${coupon.id}`,
    itemOf: couponRecord,
  })
}

/**
 * The newest persisted coupons of a shop that anybody may claim now or later: active ones that have no code, want none
 * and have not ended.
 */
export async function listClaimableIds(
  em: EntityManager,
  shop: string,
  page: { now: Date; limit: number },
): Promise<string[]> {
  const coupons = await em.find(
    Coupon,
    {
      shop,
      status: 'ACTIVE',
      code: null,
      codeRequired: false,
      $or: [{ validUntil: null }, { validUntil: { $gt: page.now } }],
    },
    {
      fields: ['id'],
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      limit: page.limit,
      disableIdentityMap: true,
    },
  )
  return coupons.map(({ id }) => id)
}

/** The persisted steps of all user coupons of a coupon, newest first. `bad_cursor` where the cursor is none of it. */
export async function listCouponHistory(
  em: EntityManager,
  shop: string,
  couponId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<CouponChange> | 'bad_cursor'> {
  const before = decodeEventCursor(page.cursor)
  if (before === null) return 'bad_cursor'
  const changes = await em.find(
    CouponHistory,
    { shop, couponId, ...before },
    { orderBy: { eventId: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  return cutPage(changes, page.limit, {
    keyOf: ({ eventId }) => eventId,
    itemOf: ({ eventId, userCouponId, userId, action, orderId, appliedDiscount, at }) => ({
      id: eventId,
      userCouponId,
      userId,
      action,
      orderId: orderId ?? null,
      appliedDiscount: appliedDiscount ?? null,
      at: at.getTime(),
    }),
  })
}

function couponRecord(
  coupon: InferEntity<typeof Coupon>,
): CouponRecord & { issuedQuantity: number; usedQuantity: number } {
  const { code, maxDiscountAmount, validFrom, validUntil, userCouponTtlSeconds } = coupon
  return {
    id: coupon.id,
    name: coupon.name,
    ...(code != null && { code }),
    discountType: coupon.discountType,
    discountValue: coupon.discountValue,
    ...(maxDiscountAmount != null && { maxDiscountAmount }),
    minOrderAmount: coupon.minOrderAmount,
    totalQuantity: coupon.totalQuantity,
    perUserLimit: coupon.perUserLimit,
    ...(validFrom != null && { validFrom: validFrom.getTime() }),
    ...(validUntil != null && { validUntil: validUntil.getTime() }),
    ...(userCouponTtlSeconds != null && { userCouponTtlSeconds }),
    restoreOnCancel: coupon.restoreOnCancel,
    codeRequired: coupon.codeRequired,
    status: coupon.status,
    createdAt: coupon.createdAt.getTime(),
    issuedQuantity: coupon.issuedQuantity,
    usedQuantity: coupon.usedQuantity,
  }
}
