import type { ChainableCommander } from 'ioredis'
import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { EventData, OrderRecord, OutboxEvent } from '../domain/events.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { sentinel } from '../redis/keys.ts'
import type { Shop } from './shop.ts'

/** Facts of one entity by their names, e.g. `{ free: 3, held: 0, sold: 7 }`. What it does not have is left out. */
export type Facts = Record<string, string | number | boolean>

/**
 * One kind of entity that Redis and Postgres both know. What Redis says must be what Postgres says plus the effects
 * of the events that Postgres does not have yet.
 */
export type Mirror = {
  /** The name of an entity in a report. */
  nameOf(id: string): string
  hot: HotSide
  persisted: PersistedSide
  /** For millions of entities: how many facts there are where all are proved the same at once, null where not. */
  countSame?(place: Pick<Shop, 'redis' | 'db'>): Promise<number | null>
  /** The facts of an entity that a side does not have. */
  absent: Facts
  /** Whether Redis may have dropped an entity that Postgres has with these facts. */
  mayBeGone?(facts: Facts): boolean
  /** Applies one event to the facts of the entities that are looked at. */
  apply(event: OutboxEvent, entities: ReadonlyMap<string, Facts>): void
}

export type HotSide = {
  /** The ids of all entities in chunks; some may come twice. */
  scan(redis: RedisClient): AsyncIterable<string[]>
  /** Queues the commands that read these entities and returns what makes facts of their replies, null for none. */
  read(commands: ChainableCommander, ids: string[]): (replies: unknown[]) => (Facts | null)[]
}

export type PersistedSide = {
  /** A page of the values by which the rows are read, in order: `key` > `after`. */
  keys(after: string): RawBuilder<{ key: string }>
  /** The value by which the rows of an entity are read; without it that is the id. */
  keyOf?(id: string): string
  rows(keys: string[]): RawBuilder<{ id: string; facts: Facts }>
  fields?: HashFields
}

/** For millions of entities that are short fields of a hash: how they are compared as they stand. */
export type HashFields = {
  hash: string
  /** Which part of the fields of the hash these are, where they are not all. */
  share?: number
  /** The entity that a field belongs to. Defaults to the field itself. */
  idOf?(field: string): string
  /**
   * A page of entities with a key > `after`, in the order of their keys: the last key, at most
   * `limits.verifyFieldsPage` fields, and what each should be, `?` where only facts tell. It is one row, of two texts
   * with an end of line between any two, because the driver makes an object of every row, which took half of the time;
   * behind the end none. No value is empty, or has an end of line.
   */
  page(after: string): RawBuilder<FieldsPage>
}

export type FieldsPage = { last: string; fields: string; values: string }

/**
 * Entities that are fields of a hash.
 *
 * @param shape.idOf the entity that a field belongs to; null for a field that is none. Defaults to the field itself.
 * @param shape.fieldsOf the fields of an entity. Defaults to the id.
 * @param shape.factsOf makes facts of their values; called where at least one is there.
 */
export function hashSide(
  key: string,
  shape: {
    idOf?: (field: string, value: string) => string | null
    fieldsOf?: (id: string) => string[]
    factsOf: (values: (string | null)[], id: string) => Facts | null
  },
): HotSide {
  const { idOf = (field) => field, fieldsOf = (id) => [id], factsOf } = shape
  return {
    async *scan(redis) {
      for await (const chunk of scanHash(redis, key)) {
        const ids = chunk.map(([field, value]) => idOf(field, value)).filter((id) => id !== null)
        yield [...new Set(ids)]
      }
    },
    read(commands, ids) {
      const fields = ids.map(fieldsOf)
      commands.hmget(key, ...fields.flat())
      return ([reply]) => {
        const values = reply as (string | null)[]
        let position = 0
        return ids.map((id, index) => {
          const end = position + (fields[index]?.length ?? 0)
          const own = values.slice(position, end)
          position = end
          return own.every((value) => value === null) ? null : factsOf(own, id)
        })
      }
    },
  }
}

/** The fields and values of a hash in chunks of about `limits.verifyChunk`, without the sentinel. */
export async function* scanHash(
  redis: RedisClient,
  key: string,
): AsyncGenerator<[string, string][]> {
  yield* pairsOf((cursor) => redis.hscan(key, cursor, 'COUNT', limits.verifyChunk))
}

/** The members and scores of a sorted set, likewise. */
export async function* scanSortedSet(
  redis: RedisClient,
  key: string,
): AsyncGenerator<[string, string][]> {
  yield* pairsOf((cursor) => redis.zscan(key, cursor, 'COUNT', limits.verifyChunk))
}

async function* pairsOf(scan: (cursor: string) => Promise<[string, string[]]>) {
  let cursor = '0'
  do {
    const [next, flat] = await scan(cursor)
    const pairs: [string, string][] = []
    for (let position = 0; position < flat.length; position += 2) {
      const name = flat[position] as string
      if (name !== sentinel) pairs.push([name, flat[position + 1] as string])
    }
    if (pairs.length > 0) yield pairs
    cursor = next
  } while (cursor !== '0')
}

/**
 * A page of the values of a column, or of an expression that has an index, for `PersistedSide.keys`.
 *
 * @param source.repeats whether rows share values, which then come once.
 */
export function pageOfKeys(
  shop: string,
  source: {
    table: string
    column: string | RawBuilder<string>
    where?: RawBuilder<unknown>
    repeats?: boolean
  },
  after: string,
): RawBuilder<{ key: string }> {
  const column = typeof source.column === 'string' ? sql.ref(source.column) : source.column
  return sql`
    select ${source.repeats ? sql`distinct` : sql``} ${column} as key from ${sql.table(source.table)}
    where shop = ${shop} and ${column} > ${after} and ${source.where ?? sql`true`}
    order by key limit ${limits.verifyChunk}`
}

/** Of entities that may be gone from Redis in every state, or that have `fields`: no others are looked for there. */
export function noKeys(): RawBuilder<{ key: string }> {
  return sql`select '' as key where false`
}

/** A time as the milliseconds that Redis and the events have. */
export function msOf(column: string): RawBuilder<number> {
  // A double has the exact ms; extract() makes a decimal number of it, which takes longer than the rest of a row.
  return sql`(date_part('epoch', ${sql.ref(column)}) * 1000)::bigint`
}

type Values = Record<string, Facts[string] | null | undefined>

/** Sets facts, where their entity is looked at. Null and undefined take a fact away. */
export function put(facts: Facts | undefined, values: Values): void {
  if (!facts) return
  for (const [fact, value] of Object.entries(values)) {
    if (value === null || value === undefined) delete facts[fact]
    else facts[fact] = value
  }
}

/** The facts of a JSON record in Redis. One that cannot be read has a fact of its own, which nothing equals. */
export function recordFacts<Stored>(text: string, describe: (stored: Stored) => Values): Facts {
  const facts: Facts = {}
  try {
    put(facts, describe(JSON.parse(text)))
    return facts
  } catch {
    return { record: 'unreadable' }
  }
}

/** Adds to a numeric fact, where its entity is looked at. */
export function add(facts: Facts | undefined, fact: string, change: number): void {
  if (facts) facts[fact] = Number(facts[fact] ?? 0) + change
}

/** The order that an event is about, or null. Its type says what happened to it. */
export function orderOf(event: OutboxEvent): OrderRecord | null {
  switch (event.type) {
    case 'order_placed':
    case 'order_paid':
    case 'order_cancelled':
    case 'order_expired':
    case 'order_refunded':
      return event.data
    default:
      return null
  }
}

/** The items that a refund is about, with the units that it takes back. */
export function refundedItems(
  order: EventData<'order_refunded'>,
): { item: OrderRecord['items'][number]; quantity: number }[] {
  return order.refund.items.flatMap(({ orderItemId, quantity }) => {
    const item = order.items.find(({ id }) => id === orderItemId)
    return item ? [{ item, quantity }] : []
  })
}
