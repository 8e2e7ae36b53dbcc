import { defineEntity, p } from '@mikro-orm/core'
import { amount, eventId, id, time } from './columns.ts'

/** A user's balance in minor units: the last link of his balance history. */
export const Balance = defineEntity({
  name: 'Balance',
  tableName: 'balances',
  properties: {
    shop: id().primary(),
    userId: id().primary(),
    amount: amount(),
    updatedAt: time(),
  },
})

/** One change of a balance; before and after chain per user in the order of the events. */
export const BalanceHistory = defineEntity({
  name: 'BalanceHistory',
  tableName: 'balance_history',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    line: p.smallint().primary(),
    id: id(),
    userId: id(),
    type: p.text().$type<'CHARGE' | 'DEDUCT' | 'REFUND'>(),
    amount: amount(),
    beforeAmount: amount(),
    afterAmount: amount(),
    orderId: id().nullable(),
    userCouponId: id().nullable(),
    at: time(),
    /** Hash of the request body of a charge. */
    fingerprint: p.text().nullable(),
  },
})
