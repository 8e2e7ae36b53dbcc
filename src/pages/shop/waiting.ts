import { outcomeOf, type Refused } from '../../client/client.ts'
import { pause } from '../../client/pause.ts'
import { type Client, clock } from './connection.ts'
import type { NewOrder } from './kept-order.ts'
import { askUntilAnswered, type Waiting } from './trouble.ts'

/** What a waiting room may stand before. */
export type Thing = { kind: 'coupons' | 'options'; id: string }

/** Where a buyer stands: before how many things he waits, and how it looks at the one that takes longest. */
export type Queue = { ahead: number; waitMs: number; isLikely: boolean }

/** The passes of a buyer. Who loses them, by a reload, gets the same again. */
export type Passes = ReturnType<typeof openPasses>

/** Where no room is left, not every process of the shop knows it at once. */
const closingMs = 1_000

export function openPasses() {
  const passes = new Map<string, { pass: string; endsAtMs: number }>()
  const isValid = ({ endsAtMs }: { endsAtMs: number }) => endsAtMs > clock.nowMs()
  return {
    set: ({ kind, id }: Thing, pass: string, expiresAt: string) =>
      passes.set(`${kind} ${id}`, { pass, endsAtMs: Date.parse(expiresAt) }),
    forget: ({ kind, id }: Thing) => passes.delete(`${kind} ${id}`),
    has({ kind, id }: Thing): boolean {
      const found = passes.get(`${kind} ${id}`)
      return found !== undefined && isValid(found)
    },
    /** All that are valid, as a request carries them. */
    header: () =>
      [...passes.values()]
        .filter(isValid)
        .map(({ pass }) => pass)
        .join(', '),
  }
}

/**
 * Waits in the rooms before all of these things, until the passes of all are there or nobody asks for one any more. Who
 * gets no answer keeps his place, and asks again.
 *
 * @returns why there is nothing to wait for, or null where the way is free or the buyer gave up.
 */
export async function waitForPasses(
  client: Client,
  things: Thing[],
  passes: Passes,
  waiting: Waiting & { onQueue: (queue: Queue) => void },
): Promise<Refused | null> {
  // What the shop does not take any more is of a room that has been closed since.
  for (const thing of things) passes.forget(thing)
  while (!waiting.signal.aborted) {
    let queue: Queue | null = null
    let retryMs = 0
    for (const thing of things.filter((one) => !passes.has(one))) {
      const outcome = await askUntilAnswered(() => enter(client, thing), waiting)
      if (!outcome?.ok) return outcome
      const { status, pass, expiresAt, ahead, waitMs, likely, retryAfterMs } = outcome.body
      if (pass && expiresAt) passes.set(thing, pass, expiresAt)
      if (status !== 'waiting') continue
      retryMs = Math.max(retryMs, retryAfterMs ?? 0)
      if (!queue || (waitMs ?? 0) > queue.waitMs) {
        queue = { ahead: ahead ?? 0, waitMs: waitMs ?? 0, isLikely: likely ?? false }
      }
    }
    if (queue) waiting.onQueue(queue)
    if (queue || !things.some(passes.has)) await pause(retryMs || closingMs, waiting.signal)
    if (!queue) return null
  }
  return null
}

function enter({ v1 }: Client, { kind, id }: Thing) {
  const param = { id }
  return kind === 'coupons'
    ? outcomeOf(v1.coupons[':id'].entry.$post({ param }))
    : outcomeOf(v1.options[':id'].entry.$post({ param }))
}

/** What an order is made of, as far as the shop tells. */
export async function thingsOf(
  { v1 }: Client,
  { items }: NewOrder,
  waiting: Waiting,
): Promise<Thing[]> {
  const readCart = () => askUntilAnswered(() => outcomeOf(v1.me.cart.$get()), waiting)
  const cart = items ? null : await readCart()
  const lines = items ?? (cart?.ok ? cart.body.items : [])
  return lines.map(({ optionId }) => ({ kind: 'options', id: optionId }))
}
