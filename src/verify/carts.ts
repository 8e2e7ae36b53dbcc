import { sql } from 'kysely'
import { parseCart } from '../engine/read-cart.ts'
import { shopKey } from '../redis/keys.ts'
import { type Facts, hashSide, type Mirror, pageOfKeys, put } from './mirror.ts'

/** The lines of every user's cart: `{ 'units of k3j…': 2 }`. */
export function cartMirror(shop: string): Mirror {
  return {
    nameOf: (userId) => `cart of user ${userId}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'carts'), { factsOf: ([field]) => lineFacts(field ?? '') }),
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'cart_items', column: 'user_id', repeats: true }, after),
      rows: (userIds) => sql`
        select user_id as id, jsonb_object_agg('units of ' || option_id, quantity) as facts
        from cart_items where shop = ${shop} and user_id = any(${userIds}) group by user_id`,
    },
    apply(event, entities) {
      if (event.type === 'cart_changed') {
        const { userId, optionId, quantity } = event.data
        put(entities.get(userId), { [`units of ${optionId}`]: quantity || null })
      }
      if (event.type === 'order_placed' && event.data.fromCart) {
        const taken = event.data.items.map(({ optionId }) => [`units of ${optionId}`, null])
        put(entities.get(event.data.userId), Object.fromEntries(taken))
      }
    },
  }
}

function lineFacts(field: string): Facts {
  try {
    return Object.fromEntries(
      parseCart(field).map(({ optionId, quantity }) => [`units of ${optionId}`, quantity]),
    )
  } catch {
    return { record: 'unreadable' }
  }
}
