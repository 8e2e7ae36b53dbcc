import { expect } from 'vitest'
import { value } from '../../support/sale.ts'
import { future, pageOf, type RouteContract, text, time } from './contract.ts'
import type { World } from './world.ts'

const newCoupon = {
  name: 'Ten percent',
  discountType: 'PERCENTAGE' as const,
  discountValue: 1_000,
  maxDiscountAmount: 500,
  minOrderAmount: 100,
  totalQuantity: 10,
  perUserLimit: 2,
  validFrom: '2025-01-01T00:00:00.000Z',
  validUntil: '2040-01-01T00:00:00.000Z',
  userCouponTtlSeconds: 3_600,
  restoreOnCancel: false,
  codeRequired: false,
}
const couponView = {
  ...newCoupon,
  id: text,
  issuedQuantity: 0,
  usedQuantity: 0,
  remainingQuantity: 10,
  status: 'ACTIVE',
  createdAt: time,
}
const adminCouponView = { ...couponView, code: text }

const claim = {
  userCouponId: text,
  couponId: text,
  rank: 1,
  status: 'AVAILABLE',
  issuedAt: time,
  expiresAt: null,
}

/** Coupons, their codes, their claims and what became of these. */
export const couponContracts = (world: World): RouteContract[] => [
  {
    route: 'POST /v1/coupons',
    auth: 'admin',
    refusals: ['code_taken'],
    async request(has) {
      const code = world.newUser()
      if (has('code_taken')) await world.coupon({ code: code.toUpperCase() })
      return { path: '/v1/coupons', body: { ...newCoupon, code } }
    },
    status: 201,
    answer: adminCouponView,
  },
  {
    route: 'GET /v1/coupons',
    auth: 'admin',
    without: ['shop_closed'],
    async request() {
      await aCoupon(world)
      await world.drain()
      return { path: '/v1/coupons?status=ACTIVE&limit=1' }
    },
    status: 200,
    answer: { items: [adminCouponView], nextCursor: text },
  },
  {
    route: 'GET /v1/coupons/claimable',
    auth: 'public',
    async request() {
      await aCoupon(world, { hasCode: false })
      await world.drain()
      return { path: '/v1/coupons/claimable' }
    },
    status: 200,
    answer: { items: expect.arrayContaining([couponView]) },
  },
  {
    route: 'GET /v1/coupons/{id}',
    auth: 'public',
    refusals: ['coupon_not_found'],
    request: async (has) => ({
      path: `/v1/coupons/${has('coupon_not_found') ? 'nothing' : await aCoupon(world)}`,
    }),
    status: 200,
    answer: couponView,
  },
  {
    route: 'PATCH /v1/coupons/{id}',
    auth: 'admin',
    refusals: ['coupon_not_found', 'below_issued'],
    async request(has) {
      const coupon = await aCoupon(world)
      for (const userId of ['ann', 'bob']) value(await world.claim(coupon, userId))
      return {
        path: `/v1/coupons/${has('coupon_not_found') ? 'nothing' : coupon}`,
        body: {
          status: 'PAUSED',
          totalQuantity: has('below_issued') ? 1 : 2,
          validUntil: null,
        },
      }
    },
    status: 200,
    answer: {
      ...adminCouponView,
      status: 'PAUSED',
      totalQuantity: 2,
      issuedQuantity: 2,
      remainingQuantity: 0,
      validUntil: null,
    },
  },
  {
    route: 'GET /v1/coupons/{id}/history',
    auth: 'admin',
    refusals: ['coupon_not_found'],
    async request(has) {
      const userId = await world.richUser()
      const userCouponId = await world.aUserCoupon(userId, { discountValue: 100 })
      const option = await world.option({ price: 1_000 })
      const order = value(await world.order(userId, { [option]: 1 }, { userCouponId }))
      value(await world.cancel(userId, order.id))
      await world.drain()
      const coupon = has('coupon_not_found') ? 'nothing' : userCouponId.split('.')[0]
      return { path: `/v1/coupons/${coupon}/history` }
    },
    status: 200,
    answer: pageOf(
      couponChange('RESTORED', { orderId: text }),
      couponChange('HELD', { orderId: text, appliedDiscount: 100 }),
      couponChange('ISSUED'),
    ),
  },
  {
    route: 'POST /v1/coupons/{id}/codes',
    auth: 'admin',
    refusals: ['coupon_not_found'],
    request: async (has) => ({
      path: `/v1/coupons/${has('coupon_not_found') ? 'nothing' : await aCoupon(world)}/codes`,
      body: { count: 3 },
    }),
    status: 201,
    answer: expect.stringMatching(/^code\n([0-9A-Z]{5}(-[0-9A-Z]{5}){3}\n){3}$/),
  },
  {
    route: 'POST /v1/coupons/{id}/claims',
    auth: 'user',
    refusals: [
      'admission_required',
      'coupon_not_found',
      'coupon_inactive',
      'not_started',
      'ended',
      'code_required',
      'sold_out',
    ],
    async request(has) {
      const made = await world.coupon({
        status: has('coupon_inactive') ? 'PAUSED' : 'ACTIVE',
        ...(has('not_started') && { validFrom: future }),
        ...(has('ended') && { validUntil: 1 }),
        codeRequired: has('code_required'),
        totalQuantity: has('sold_out') ? 0 : 1,
      })
      const coupon = has('coupon_not_found') ? `${made}-2` : made
      if (has('admission_required')) await world.openRoom({ kind: 'coupon', id: coupon })
      return { path: `/v1/coupons/${coupon}/claims` }
    },
    status: 201,
    answer: claim,
  },
  {
    route: 'POST /v1/coupons/claims',
    auth: 'user',
    refusals: ['code_not_found', 'sold_out'],
    async request(has) {
      const code = world.newUser()
      const userId = world.newUser()
      await world.coupon({ code, totalQuantity: has('sold_out') ? 0 : 1 })
      const body = { code: has('code_not_found') ? 'none' : code }
      return { path: '/v1/coupons/claims', userId, body }
    },
    status: 201,
    answer: claim,
  },
  {
    route: 'GET /v1/me/coupons',
    auth: 'user',
    without: ['shop_closed'],
    async request() {
      const { userId } = await aUsedCoupon(world)
      return { path: '/v1/me/coupons?status=USED', userId }
    },
    status: 200,
    answer: pageOf(usedCoupon),
  },
  {
    route: 'GET /v1/users/{id}/coupons',
    auth: 'admin',
    without: ['shop_closed'],
    async request() {
      const { userId } = await aUsedCoupon(world)
      return { path: `/v1/users/${userId}/coupons?status=USED` }
    },
    status: 200,
    answer: pageOf(usedCoupon),
  },
  {
    route: 'GET /v1/user-coupons/{id}',
    auth: 'admin',
    refusals: ['coupon_not_found'],
    without: ['shop_closed'],
    async request(has) {
      const { userCouponId } = await aUsedCoupon(world)
      const id = has('coupon_not_found') ? userCouponId.replace('.1', '.9') : userCouponId
      return { path: `/v1/user-coupons/${id}` }
    },
    status: 200,
    answer: { ...usedCoupon, userId: text },
  },
]

/** The coupon of a user who has used it, beside one that he has not. */
async function aUsedCoupon(world: World) {
  const userId = await world.richUser()
  const userCouponId = await world.aUserCoupon(userId, { discountValue: 100 })
  await world.aUserCoupon(userId)
  const option = await world.option({ price: 1_000 })
  value(await world.order(userId, { [option]: 1 }, { userCouponId, pay: true }))
  await world.drain()
  return { userId, userCouponId }
}

const usedCoupon = {
  userCouponId: text,
  couponId: text,
  couponName: 'Ten off',
  discountType: 'FIXED',
  discountValue: 100,
  maxDiscountAmount: null,
  minOrderAmount: 0,
  rank: 1,
  status: 'USED',
  issuedAt: time,
  expiresAt: null,
  usedAt: time,
  orderId: text,
  paymentId: text,
}

function aCoupon(world: World, { hasCode = true } = {}): Promise<string> {
  const { validFrom, validUntil, ...facts } = newCoupon
  const code = hasCode && { code: world.newUser() }
  const window = { validFrom: Date.parse(validFrom), validUntil: Date.parse(validUntil) }
  return world.coupon({ ...facts, ...window, ...code })
}

function couponChange(action: string, more: object = {}) {
  const ids = { id: text, userCouponId: text, userId: text }
  return { ...ids, action, orderId: null, appliedDiscount: null, at: time, ...more }
}
