import type { InferRequestType, InferResponseType } from 'hono/client'
import { type Outcome, outcomeOf } from '../../client/client.ts'
import type { Buyer, Client } from './connection.ts'

/**
 * How an order is placed once, whatever happens on its way. Its idempotency key and its body are written down before it
 * is sent, and crossed out when its answer is there. In between it is sent again and again, always with the same key:
 * after a lost connection, after a 503, and also by the page that comes after a reload. Whichever attempt reached the
 * shop first is the order, and every other one gets its answer.
 */

type Orders = Client['v1']['orders']
export type NewOrder = InferRequestType<Orders['$post']>['json']
export type Order = InferResponseType<Orders['$post'], 201>

export type KeptOrder = {
  key: string
  body: NewOrder
  writtenAtMs: number
}

/** A key means something to one buyer of one shop only, and others may sign in before he is back. */
const placeOf = ({ shop, userId }: Buyer) => `stampede.order.${shop}.${userId}`

/** The shop answers a key for a day at least. One of an hour less may be on its way for a while. */
const keyAgeMaxMs = 23 * 3_600_000
const pauseMs = 1_000

/** Writes an order down that is about to be sent. */
export function keepOrder(body: NewOrder, buyer: Buyer): KeptOrder {
  const kept = { key: crypto.randomUUID(), body, writtenAtMs: Date.now() }
  write(kept, buyer)
  return kept
}

function write(kept: KeptOrder, buyer: Buyer): void {
  sessionStorage.setItem(placeOf(buyer), JSON.stringify(kept))
}

/** The order of this buyer whose answer nobody has seen; one that is too old to be sent again is crossed out. */
export function findKeptOrder(buyer: Buyer): KeptOrder | null {
  const text = sessionStorage.getItem(placeOf(buyer))
  if (text === null) return null
  const kept = JSON.parse(text) as KeptOrder
  if (Date.now() - kept.writtenAtMs < keyAgeMaxMs) return kept
  forgetOrder(buyer)
  return null
}

function forgetOrder(buyer: Buyer): void {
  sessionStorage.removeItem(placeOf(buyer))
}

/**
 * Sends a kept order until the shop says what became of it.
 *
 * @param isGivenUp tells whether the buyer wants to wait no longer.
 * @returns null where he does not. The order may stand all the same: it is among his orders then.
 */
export async function placeOnce(
  { v1 }: Client,
  buyer: Buyer,
  kept: KeptOrder,
  isGivenUp: () => boolean,
): Promise<Outcome<Order> | null> {
  // Where it was refused, and is sent again from a waiting room, it has been crossed out.
  write(kept, buyer)
  const { key, body } = kept
  while (!isGivenUp()) {
    const call = v1.orders.$post({ json: body }, { headers: { 'idempotency-key': key } })
    const outcome = await outcomeOf(call).catch(() => null)
    // Who is not signed in any more learns nothing of his order: it is sent again when he is.
    if (outcome?.status === 401) return outcome
    if (outcome && !isUndecided(outcome.status)) {
      forgetOrder(buyer)
      return outcome
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  forgetOrder(buyer)
  return null
}

/** Whether an answer leaves open what became of this attempt, or of one before it. */
function isUndecided(status: number): boolean {
  return status >= 500 || status === 429
}
