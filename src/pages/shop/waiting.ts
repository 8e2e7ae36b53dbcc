import { outcomeOf, type Refused } from '../../client/client.ts'
import { type Client, clock } from './connection.ts'
import type { NewOrder } from './kept-order.ts'

/** What a waiting room may stand before. */
export type Thing = { kind: 'coupons' | 'options'; id: string }

/** Where a buyer stands: before how many things he waits, and how it looks at the one that takes longest. */
export type Queue = { ahead: number; waitMs: number; isLikely: boolean }

/** The passes of a buyer. Who loses them, by a reload, gets the same again. */
export type Passes = ReturnType<typeof openPasses>

const pauseMs = 1_000

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
 * Waits in the rooms before all of these things, until the passes of all are there or nobody asks for one any more.
 *
 * @returns why there is nothing to wait for, or null where the way is free or the buyer gave up.
 */
export async function waitForPasses(
  client: Client,
  things: Thing[],
  passes: Passes,
  { onQueue, isGivenUp }: { onQueue: (queue: Queue) => void; isGivenUp: () => boolean },
): Promise<Refused | null> {
  // What the shop does not take any more is of a room that has been closed since.
  for (const thing of things) passes.forget(thing)
  while (!isGivenUp()) {
    let queue: Queue | null = null
    let retryMs = 0
    for (const thing of things.filter((one) => !passes.has(one))) {
      const outcome = await enter(client, thing)
      if (outcome && !outcome.ok) return outcome
      const place = outcome?.body
      if (place?.pass && place.expiresAt) passes.set(thing, place.pass, place.expiresAt)
      if (place && place.status !== 'waiting') continue
      // Who gets no answer keeps his place, and asks again.
      retryMs = Math.max(retryMs, place?.retryAfterMs ?? pauseMs)
      if (place && (!queue || (place.waitMs ?? 0) > queue.waitMs)) {
        queue = {
          ahead: place.ahead ?? 0,
          waitMs: place.waitMs ?? 0,
          isLikely: place.likely ?? false,
        }
      }
    }
    if (queue) onQueue(queue)
    const isFree = retryMs === 0
    // Where no room is left, not every process of the shop knows it yet.
    if (!isFree || !things.some(passes.has)) await pause(retryMs || pauseMs)
    if (isFree) return null
  }
  return null
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function enter({ v1 }: Client, { kind, id }: Thing) {
  const param = { id }
  const asking =
    kind === 'coupons'
      ? outcomeOf(v1.coupons[':id'].entry.$post({ param }))
      : outcomeOf(v1.options[':id'].entry.$post({ param }))
  return asking.catch(() => null)
}

/** What an order is made of, as far as the shop tells. */
export async function thingsOf(client: Client, { items }: NewOrder): Promise<Thing[]> {
  const lines = items ?? (await readCart(client))
  return lines.map(({ optionId }) => ({ kind: 'options', id: optionId }))
}

async function readCart({ v1 }: Client) {
  const outcome = await outcomeOf(v1.me.cart.$get()).catch(() => null)
  return outcome?.ok ? outcome.body.items : []
}
