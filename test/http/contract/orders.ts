import { limits } from '../../../src/limits.ts'
import { value } from '../../support/sale.ts'
import { future, type Has, pageOf, type RouteContract, text, time } from './contract.ts'
import { fillBalance } from './users.ts'
import type { World } from './world.ts'

const item = {
  id: text,
  optionId: text,
  productId: text,
  productName: 'Trainers',
  optionValue: 'M',
  unitPrice: 1_000,
  quantity: 2,
  subtotal: 2_000,
  discountAmount: 0,
  refundedQuantity: 0,
  refundedAmount: 0,
}
const payment = { id: text, amount: 2_000, status: 'PAID', paidAt: time }

/** An order of 2 units at 1,000. */
const orderView = {
  id: text,
  userId: text,
  status: 'COMPLETED',
  items: [item],
  originalAmount: 2_000,
  discountAmount: 0,
  finalAmount: 2_000,
  refundedAmount: 0,
  userCouponId: null,
  payment,
  orderedAt: time,
  expiresAt: time,
  cancelledAt: null,
}
const refundView = {
  id: text,
  orderId: text,
  userId: text,
  amount: 1_000,
  restock: true,
  items: [{ orderItemId: text, quantity: 1, amount: 1_000 }],
  at: time,
}

const noOrder = `0000000000a${'a'.repeat(22)}`

/** Orders, their payment, cancellation and refund. */
export const orderContracts = (world: World): RouteContract[] => [
  {
    route: 'POST /v1/orders',
    auth: 'user',
    key: true,
    refusals: [
      'admission_required',
      'idempotency_key_reused',
      'cart_empty',
      'option_not_found',
      'product_inactive',
      'not_started',
      'ended',
      'per_user_limit',
      'sold_out',
      'held',
      'coupon_unavailable',
      'min_order_amount',
      'amount_changed',
      'insufficient_balance',
    ],
    request: (has) => prepareOrder(world, has),
    status: 201,
    answer: {
      ...orderView,
      items: [{ ...item, discountAmount: 100 }],
      discountAmount: 100,
      finalAmount: 1_900,
      userCouponId: text,
      payment: { ...payment, amount: 1_900 },
    },
  },
  {
    route: 'POST /v1/orders/{id}/payment',
    auth: 'user',
    refusals: ['order_not_found', 'order_cancelled', 'order_expired', 'insufficient_balance'],
    async request(has) {
      const { id, userId } = await world.anOrder({ pay: false })
      if (!has('insufficient_balance')) value(await world.charge(userId, 2_000))
      // One order cannot have ended in both ways.
      if (has('order_cancelled')) value(await world.cancel(userId, id))
      else if (has('order_expired')) await world.lapse(id)
      return { path: `/v1/orders/${has('order_not_found') ? noOrder : id}/payment`, userId }
    },
    status: 200,
    answer: orderView,
  },
  {
    route: 'POST /v1/orders/{id}/cancel',
    auth: 'user',
    refusals: ['order_not_found', 'order_completed', 'order_expired'],
    async request(has) {
      // One order cannot be paid and lapse.
      const { id, userId } = await world.anOrder({ pay: has('order_completed') })
      if (has('order_expired') && !has('order_completed')) await world.lapse(id)
      return { path: `/v1/orders/${has('order_not_found') ? noOrder : id}/cancel`, userId }
    },
    status: 200,
    answer: { ...orderView, status: 'CANCELLED', payment: null, cancelledAt: time },
  },
  {
    route: 'POST /v1/orders/{id}/refunds',
    auth: 'admin',
    key: true,
    refusals: [
      'idempotency_key_reused',
      'order_not_found',
      'order_item_not_found',
      'nothing_to_refund',
      'balance_limit',
    ],
    async request(has) {
      const { id, userId } = await world.anOrder()
      // A key that was used here was used for an order that is there.
      const isThere = has('idempotency_key_reused') || !has('order_not_found')
      const path = `/v1/orders/${isThere ? id : noOrder}/refunds`
      const key = world.newUser()
      if (has('idempotency_key_reused')) {
        const body = { items: [{ orderItemId: `${id}.1`, quantity: 1 }], restock: false }
        await world.post(path, { token: world.admin, key, body })
      }
      if (has('nothing_to_refund')) await world.refund(id)
      if (has('balance_limit')) await fillBalance(world, userId)
      const items = [{ orderItemId: `${id}.1`, quantity: 1 }]
      if (has('order_item_not_found')) items.push({ orderItemId: `${id}.2`, quantity: 1 })
      return { path, key, body: { items } }
    },
    status: 201,
    answer: { ...refundView, orderStatus: 'COMPLETED' },
  },
  {
    route: 'GET /v1/orders/{id}/refunds',
    auth: 'user',
    refusals: ['order_not_found'],
    async request(has) {
      const { id, userId } = await world.anOrder()
      value(await world.refund(id, { [`${id}.1`]: 1 }))
      await world.drain()
      return { path: `/v1/orders/${has('order_not_found') ? noOrder : id}/refunds`, userId }
    },
    status: 200,
    answer: pageOf(refundView),
  },
  {
    route: 'GET /v1/orders/{id}',
    auth: 'user',
    refusals: ['order_not_found'],
    async request(has) {
      const { id, userId } = await world.anOrder()
      value(await world.refund(id))
      return { path: `/v1/orders/${has('order_not_found') ? noOrder : id}`, userId }
    },
    status: 200,
    answer: {
      ...orderView,
      status: 'REFUNDED',
      items: [{ ...item, refundedQuantity: 2, refundedAmount: 2_000 }],
      refundedAmount: 2_000,
      payment: { ...payment, status: 'REFUNDED' },
    },
  },
  {
    route: 'GET /v1/orders/{id}/items',
    auth: 'user',
    refusals: ['order_not_found'],
    async request(has) {
      const { id, userId } = await world.anOrder()
      return { path: `/v1/orders/${has('order_not_found') ? noOrder : id}/items`, userId }
    },
    status: 200,
    answer: { items: [{ ...item, description: null }] },
  },
  {
    route: 'GET /v1/me/orders',
    auth: 'user',
    async request() {
      const { userId } = await world.anOrder({ pay: false })
      await world.anOrder({ userId })
      return { path: '/v1/me/orders?status=PENDING', userId }
    },
    status: 200,
    answer: pageOf({ ...orderView, status: 'PENDING', payment: null }),
  },
  {
    route: 'GET /v1/users/{id}/orders',
    auth: 'admin',
    async request() {
      const { userId } = await world.anOrder({ pay: false })
      await world.anOrder({ userId })
      return { path: `/v1/users/${userId}/orders?status=PENDING` }
    },
    status: 200,
    answer: pageOf({ ...orderView, status: 'PENDING', payment: null }),
  },
]

/** A line, a coupon, an amount or a payment for each of the reasons. */
async function prepareOrder(world: World, has: Has) {
  const userId = has('insufficient_balance') ? world.newUser() : await world.richUser()
  const lines: Record<string, number> = { [await world.option({ price: 1_000 })]: 2 }
  const add = async (facts: Parameters<World['option']>[0], quantity = 1, status?: 'INACTIVE') => {
    lines[await world.option(facts, status)] = quantity
  }
  if (has('option_not_found')) lines.nothing = 1
  if (has('product_inactive')) await add({}, 1, 'INACTIVE')
  if (has('not_started')) await add({ saleStartsAt: future })
  if (has('ended')) await add({ saleEndsAt: 1 })
  if (has('per_user_limit')) await add({ perUserLimit: 1 }, 2)
  if (has('sold_out')) await add({ stock: 0 })
  if (has('held')) lines[(await world.anOrder({ pay: false, quantity: 1 })).option] = 1

  const minOrderAmount = has('min_order_amount') ? limits.balanceMax : 0
  const claimed = await world.aUserCoupon(userId, { minOrderAmount })
  const terms = {
    userCouponId: has('coupon_unavailable') ? claimed.replace('.1', '.9') : claimed,
    ...(has('amount_changed') && { expectedAmount: 1 }),
    pay: true,
  }
  const items = Object.entries(lines).map(([optionId, quantity]) => ({ optionId, quantity }))
  const key = world.newUser()
  const path = '/v1/orders'
  if (has('idempotency_key_reused')) {
    const free = { [await world.option({ price: 0 })]: 1 }
    const [optionId] = Object.keys(free)
    const body = { items: [{ optionId, quantity: 1 }] }
    await world.post(path, { token: world.user(userId), key, body })
  }
  if (has('admission_required')) {
    const [gated] = Object.keys(lines)
    await world.openRoom({ kind: 'option', id: gated as string })
  }
  // An empty cart has no line that anything else could be wrong with.
  else if (has('cart_empty')) return { path, key, userId, body: { ...terms, fromCart: true } }
  return { path, key, userId, body: { ...terms, items } }
}
