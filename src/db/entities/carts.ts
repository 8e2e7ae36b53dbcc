import { defineEntity, p } from '@mikro-orm/core'
import { eventId, id, time } from './columns.ts'

/** One line of a user's cart. */
export const CartItem = defineEntity({
  name: 'CartItem',
  tableName: 'cart_items',
  properties: {
    shop: id().primary(),
    userId: id().primary(),
    optionId: id().primary(),
    quantity: p.integer(),
    createdAt: time(),
    updatedAt: time(),
    /** Of the event that put it in: the lines of a cart keep the order in which they came. */
    eventId: eventId().nullable(),
  },
})
