import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { done, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const setCartItemRefusals = ['option_not_found', 'cart_full'] as const

/** Puts an option into a user's cart, or changes its quantity. */
export async function setCartItem(
  engine: Engine,
  command: { shop: string; userId: string; optionId: string; quantity: number },
): Promise<Outcome<null, (typeof setCartItemRefusals)[number]>> {
  return decide(engine, command, setCartItemRefusals)
}

/** Takes an option out of a user's cart, whether or not it is in it. */
export async function removeCartItem(
  engine: Engine,
  command: { shop: string; userId: string; optionId: string },
): Promise<Outcome<null, 'option_not_found'>> {
  return decide(engine, { ...command, quantity: 0 }, ['option_not_found'])
}

async function decide<Code extends string>(
  engine: Engine,
  command: { shop: string; userId: string; optionId: string; quantity: number },
  refusals: readonly Code[],
): Promise<Outcome<null, Code>> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'set-cart-item', {
    ...named,
    cartItemsMax: limits.cartItemsMax,
  })
  return reply[0] === 'set' || reply[0] === 'unchanged'
    ? done(null, { replayed: reply[0] === 'unchanged' })
    : refused(reply, refusals)
}
