import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, refused } from './replies.ts'

/** In the order in which they are looked for. `invalid_window`: the sale would end before it starts. */
export const updateOptionRefusals = ['option_not_found', 'invalid_window'] as const

/** What changes; null takes a limit or an end of the window away. Times are in ms. */
export type OptionChanges = {
  price?: number | undefined
  perUserLimit?: number | null | undefined
  saleStartsAt?: number | null | undefined
  saleEndsAt?: number | null | undefined
  holdMs?: number | null | undefined
  /** Why the price changes, for its history. */
  reason?: string | undefined
}

/** Changes an option. Orders that are placed keep their price and their deadline. */
export async function updateOption(
  engine: Engine,
  command: { shop: string; optionId: string; changes: OptionChanges },
): Promise<Outcome<{ productId: string }, (typeof updateOptionRefusals)[number]>> {
  const reply = await engine.decide(command.shop, 'update-option', {
    optionId: command.optionId,
    changes: JSON.stringify(command.changes),
  })
  return reply[0] === 'updated' || reply[0] === 'unchanged'
    ? done({ productId: String(reply[1]) }, { replayed: reply[0] === 'unchanged' })
    : refused(reply, updateOptionRefusals)
}
