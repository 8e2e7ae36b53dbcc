import { ShopClosed } from '../domain/outcome.ts'
import { parseCart } from '../engine/read-cart.ts'
import { ask, readFields } from '../engine/reads.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import type { OutboxRows } from '../rows/outbox-rows.ts'

/**
 * Makes the lines that late events put into carts, or take out, those of the hot state. A line that was taken out
 * leaves no row, so Postgres cannot tell whether a later event did that. The hot state has heard all of them; and those
 * that are still in the outbox will be drained behind this.
 *
 * @throws ShopClosed where the hot state is not that of this epoch, or Unavailable.
 */
export async function copyCartLines(
  redis: RedisClient,
  { shop, epoch }: { shop: string; epoch: number },
  rows: Pick<OutboxRows, 'cartItems' | 'cartRemovals'>,
): Promise<void> {
  const lines = [...rows.cartItems.values(), ...rows.cartRemovals.values()]
  const userIds = [...new Set(lines.map(({ user_id }) => user_id as string))]
  if (userIds.length === 0) return
  const carts = await readFields(redis, shop, 'carts', userIds)
  // Looked at last: a cart that was read before the shop closed is whole.
  const [state, hotEpoch] = await ask(redis.hmget(shopKey(shop, 'meta'), 'state', 'epoch'))
  if (state !== 'open' || Number(hotEpoch) !== epoch)
    throw new ShopClosed('The carts are not known')

  const quantityOf = new Map(
    userIds.flatMap((userId, index) =>
      parseCart(carts[index] ?? '').map(({ optionId, quantity }): [string, number] => [
        `${userId}:${optionId}`,
        quantity,
      ]),
    ),
  )
  for (const key of rows.cartRemovals.keys()) {
    // It was put in again, by an event that is persisted or will be.
    if (quantityOf.has(key)) rows.cartRemovals.delete(key)
  }
  for (const [key, row] of rows.cartItems) {
    const quantity = quantityOf.get(key)
    if (quantity !== undefined) {
      rows.cartItems.set(key, { ...row, quantity })
      continue
    }
    rows.cartItems.delete(key)
    rows.cartRemovals.set(key, { user_id: row.user_id, option_id: row.option_id })
  }
}
