/**
 * What a decision answers. A refusal is an expected answer and therefore a value; an exception means an outage
 * or a bug. The codes are those of the HTTP contract, one vocabulary from the script to the client.
 */
export type Outcome<Value, Code extends string> = Done<Value> | Refusal<Code | ShopRefusal>

export type Done<Value> = {
  ok: true
  /** True where this request repeats an earlier one, and `value` is the answer of that earlier one. */
  replayed: boolean
  value: Value
}

export type Refusal<Code extends string> = {
  ok: false
  code: Code
  /** Further members of the problem body, e.g. `retryAfterMs` of `held` or the amounts of `amount_changed`. */
  details?: Record<string, number>
}

/** Refusals that any command of a shop may get. */
export type ShopRefusal = 'shop_closed' | 'backlog_full'

/** Redis did not answer in time, or too many commands wait for it. The effect of the command is unknown. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** A read met a hot key that does not exist: the shop is not open, or has lost a part of its state. */
export class ShopClosed extends Error {
  override name = 'ShopClosed'
}
