import type { InferRequestType, InferResponseType } from 'hono/client'
import { type Outcome, outcomeOf } from '../../client/client.ts'
import { type Buyer, type Client, connect } from './connection.ts'
import { isAnswer, type Waiting, waitAfter } from './trouble.ts'
import type { Passes } from './waiting.ts'

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
/** Time for an attempt, and for those that follow it at once. */
const attemptMs = 3_000
/** A bug most likely happens again: then the buyer decides what to do about it. */
const bugsMax = 2

/** An order to send: a new one, unless nobody knows what became of the same before. */
export function orderOf(body: NewOrder, buyer: Buyer): KeptOrder {
  const open = findKeptOrder(buyer)
  if (open && JSON.stringify(open.body) === JSON.stringify(body)) return open
  return { key: crypto.randomUUID(), body, writtenAtMs: Date.now() }
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

/** Crosses an order out. */
export function forgetOrder(buyer: Buyer): void {
  sessionStorage.removeItem(placeOf(buyer))
}

/**
 * Sends an order until the shop says what became of it. What the shop itself could not bring to an end, twice, is shown
 * as it is, and stays written down: it may stand, and can be asked for again.
 *
 * @returns null where the buyer does not want to wait. The order may stand all the same: it is among his orders then.
 */
export async function placeOnce(
  buyer: Buyer,
  kept: KeptOrder,
  passes: Passes,
  waiting: Waiting,
): Promise<Outcome<Order> | null> {
  const { key, body } = kept
  // Whether an attempt may have had its effect unseen. What is found written down was sent before.
  let isOpen = findKeptOrder(buyer)?.key === key
  sessionStorage.setItem(placeOf(buyer), JSON.stringify(kept))
  const onTrouble: Waiting['onTrouble'] = (status, pauseMs) => {
    isOpen ||= status !== 429
    waiting.onTrouble(status, pauseMs)
  }
  const { v1 } = connect({ buyer, passes, timeoutMs: attemptMs, onRepeat: onTrouble })
  let bugs = 0
  while (!waiting.signal.aborted) {
    const call = v1.orders.$post({ json: body }, { headers: { 'idempotency-key': key } })
    const outcome = await outcomeOf(call).catch(() => null)
    // Who is not signed in any more learns nothing of his order: it is sent again when he is.
    if (outcome?.status === 401) return outcome
    if (outcome?.status === 500) bugs += 1
    if (outcome && bugs === bugsMax) return outcome
    // A 429 is the answer where no attempt before it can have had an effect.
    if (outcome && (isAnswer(outcome) || (outcome.status === 429 && !isOpen))) {
      forgetOrder(buyer)
      return outcome
    }
    await waitAfter(outcome, { ...waiting, onTrouble })
  }
  forgetOrder(buyer)
  return null
}
