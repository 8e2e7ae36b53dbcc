import type { MikroORM } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { type BulkTransaction, inBulkTransaction } from '../db/bulk-transaction.ts'
import { databaseOf } from '../db/database.ts'
import { eventIdOf } from '../db/event-id.ts'
import { addLateSales } from '../db/rankings.ts'
import { ShopClosed } from '../domain/outcome.ts'
import { ask } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { isDataError } from '../rows/data-error.ts'
import { decodeEntry, type OutboxEntry } from '../rows/outbox-entry.ts'
import { rowsOf, storedError } from '../rows/outbox-rows.ts'
import { writeRows } from '../rows/write-rows.ts'
import { readShopState } from '../services/shops.ts'
import { copyCartLines } from './cart-lines.ts'
import { type DeadLetter, findDeadLetters, findLeastTried } from './dead-letters.ts'
import { keepLaterStates } from './later-states.ts'

type Place = { orm: MikroORM; redis: RedisClient; shop: string }

/**
 * What became of a dead letter. `applied`: it has its rows and is none any more. `refused`: it stays one, with the new
 * reason and one try more. The others were left alone.
 */
export type Retried = { id: string } & (
  | { result: 'applied' | 'not_found' | 'stale' | 'dropped' }
  | { result: 'refused'; error: string }
)

/** Another retry or a drop was faster with one of the letters: nothing is done, and the next look knows. */
class Settled extends Error {}

/**
 * Retries dead letters together: their rows are those of one batch, as the drain would have written them, because what
 * one takes another may have put there. Where Postgres refuses that, the batch is halved, until what it still refuses
 * stands alone.
 *
 * @throws ShopClosed, or whatever stopped Redis or Postgres; to be called again then.
 */
export async function retryDeadLetters(place: Place, ids: readonly string[]): Promise<Retried[]> {
  const find = () => findDeadLetters(databaseOf(place.orm), place.shop, ids)
  const retried = await retryOpen(
    place,
    (await find()).filter(({ status }) => status === 'OPEN'),
  )
  // Looked at last, because somebody else may have settled one meanwhile.
  const left = await find()
  return ids.map((id): Retried => {
    const status = left.find((letter) => letter.id === id)?.status
    const result = status === 'STALE' ? 'stale' : status === 'DROPPED' ? 'dropped' : 'not_found'
    return retried.find((one) => one.id === id) ?? { id, result }
  })
}

/**
 * Retries the oldest open dead letters of a shop together, at most a batch of the drain. What was refused before comes
 * behind what was tried less often: who asks again and again gets to all of them.
 *
 * @returns what became of each, and whether there were more.
 * @throws as `retryDeadLetters`.
 */
export async function retryOldest(place: Place): Promise<{ results: Retried[]; more: boolean }> {
  const max = limits.drainEventsMax
  const { letters, more } = await findLeastTried(databaseOf(place.orm), place.shop, max)
  return { results: await retryOpen(place, letters), more }
}

/** @returns what became of each, in their order; what somebody else has settled meanwhile is left out. */
async function retryOpen(place: Place, letters: readonly DeadLetter[]): Promise<Retried[]> {
  await expectOpen(place)
  const results = new Map<string, Retried>()
  let left: OutboxEntry[] = []
  for (const { id, type, version, data } of letters) {
    const entry = decodeEntry({ streamId: id, type, version: version ?? '', data })
    if (entry.event) left.push(entry)
    else results.set(id, { id, result: 'refused', error: storedError(entry.error) })
  }
  // What a later one puts there an earlier one may take: as long as there is progress, the rest has another chance.
  let before = left.length + 1
  for (
    let pass = 0;
    pass < limits.retryPassesMax && left.length > 0 && left.length < before;
    pass++
  ) {
    before = left.length
    await applyOrHalve(place, left, results)
    left = left.filter(({ streamId }) => results.get(streamId)?.result === 'refused')
  }
  const retried = letters.flatMap(({ id }) => results.get(id) ?? [])
  await noteRefusals(
    place,
    retried.filter((one) => one.result === 'refused'),
  )
  return retried
}

async function applyOrHalve(
  place: Place,
  entries: readonly OutboxEntry[],
  results: Map<string, Retried>,
): Promise<void> {
  try {
    await inBulkTransaction(place.orm, (transaction) => apply(transaction, place, entries))
    for (const { streamId: id } of entries) results.set(id, { id, result: 'applied' })
    return
  } catch (error) {
    const isSettled = error instanceof Settled
    if (!isSettled && !isDataError(error)) throw error
    const [{ streamId: id }] = entries as [OutboxEntry]
    if (entries.length === 1) {
      if (isSettled) results.delete(id)
      else results.set(id, { id, result: 'refused', error: storedError(String(error)) })
      return
    }
  }
  const middle = Math.ceil(entries.length / 2)
  await applyOrHalve(place, entries.slice(0, middle), results)
  await applyOrHalve(place, entries.slice(middle), results)
}

/** Nothing is retried into a shop that is about to be rebuilt. */
async function expectOpen({ redis, shop }: Place): Promise<void> {
  const { isOpen, missingKeys } = await ask(readShopState(redis, shop))
  if (!isOpen || missingKeys > 0) throw new ShopClosed('The shop is closed')
}

/**
 * Gives letters their rows and removes them, once, however often and by however many that is asked for. The transaction
 * begins with the lock of the shop's watermark: it runs between two batches of the drain and never beside one, and a
 * rebuild that begins meanwhile loads what it wrote.
 */
async function apply(
  transaction: BulkTransaction,
  { redis, shop }: Place,
  entries: readonly OutboxEntry[],
): Promise<void> {
  const { epoch, rebuiltUntil } = await lockShop(transaction, shop)
  const removed = await transaction.run(
    `delete from dead_letters where shop = $1 and dropped_at is null and event_id > $2
      and event_id in (select jsonb_array_elements_text($3::jsonb)::bigint)`,
    [shop, String(rebuiltUntil), JSON.stringify(entries.map(({ eventId }) => String(eventId)))],
  )
  if (removed !== entries.length) throw new Settled()
  const rows = rowsOf(entries)
  await keepLaterStates(transaction, shop, rows)
  await copyCartLines(redis, { shop, epoch }, rows)
  await writeRows(transaction, shop, rows)
  const payments = rows.payments.map(({ order_id, paid_at }) => {
    return { orderId: order_id as string, paidAt: paid_at as number }
  })
  await addLateSales(transaction, shop, payments)
}

/** Locks out drains and rebuilds, and finds the event up to which the hot state was loaded from Postgres. */
async function lockShop(
  transaction: BulkTransaction,
  shop: string,
): Promise<{ epoch: number; rebuiltUntil: bigint }> {
  const [watermark] = await transaction.read<{ epoch: number }>(
    'select epoch from outbox_watermarks where shop = $1 for update',
    [shop],
  )
  // In a statement of its own: one that waits for a lock sees the rest as it was before.
  const [rebuild] = await transaction.read<{ epoch: number; stream_id: string }>(
    'select epoch, stream_id from rebuilds where shop = $1 order by epoch desc limit 1',
    [shop],
  )
  const epoch = rebuild?.epoch ?? 1
  // Until a rebuild has noted itself, nobody knows whether the state that it loads has these events.
  if (watermark?.epoch !== epoch) throw new ShopClosed('The shop is being rebuilt')
  return { epoch, rebuiltUntil: rebuild ? eventIdOf(rebuild.stream_id) : -1n }
}

async function noteRefusals(
  { orm, shop }: Place,
  refused: readonly { id: string; error: string }[],
): Promise<void> {
  if (refused.length === 0) return
  const eventIds = refused.map(({ id }) => String(eventIdOf(id)))
  const errors = refused.map(({ error }) => error)
  await sql`
    update dead_letters known set error = given.error, tries = tries + 1, tried_at = now()
    from unnest(${eventIds}::bigint[], ${errors}::text[]) as given (event_id, error)
    where known.shop = ${shop} and known.event_id = given.event_id and dropped_at is null
  `.execute(databaseOf(orm))
}
