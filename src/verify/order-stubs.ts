import { type RawBuilder, sql } from 'kysely'
import { eventIdOf } from '../db/event-id.ts'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { parseOrderStub } from '../engine/order-stub.ts'
import { shopKey } from '../redis/keys.ts'
import { type Facts, type Mirror, msOf, noKeys, orderOf, put, scanHash } from './mirror.ts'

/**
 * The stubs that Redis keeps of finished orders: the key's fingerprint, and the event that has the order's newest
 * state. They leave Redis once Postgres has them.
 */
export function orderStubMirror(shop: string): Mirror {
  const orders = shopKey(shop, 'orders')
  const operations = shopKey(shop, 'operations')
  return {
    nameOf: (id) => `order ${id}`,
    absent: {},
    mayBeGone: () => true,
    hot: {
      async *scan(redis) {
        for (const key of [orders, operations]) {
          for await (const chunk of scanHash(redis, key)) {
            yield chunk.flatMap(([field, text]) => parseOrderStub(field, text)?.orderId ?? [])
          }
        }
      },
      read(commands, ids) {
        commands.hmget(orders, ...ids.map((id) => operationOfOrder(id) ?? id))
        commands.hmget(operations, ...ids)
        return (replies) => {
          const [records, late] = replies as (string | null)[][]
          return ids.map(
            (id, index) => hotFacts(id, records?.[index]) ?? hotFacts(id, late?.[index]),
          )
        }
      },
    },
    persisted: {
      keys: noKeys,
      rows: (ids) => sql`
        select o.id, jsonb_build_object(
          'fingerprint', left(fingerprint, 8), 'event', ${storedEvent()}::text
        ) as facts
        from orders o where shop = ${shop} and id = any(${ids}) and status <> 'PENDING'`,
    },
    apply(event, entities) {
      const order = orderOf(event)
      if (order) put(entities.get(order.id), factsOf(order, event.id))
    },
  }
}

function hotFacts(id: string, text: string | null | undefined): Facts | null {
  const stub = parseOrderStub(id, text ?? '')
  if (stub?.orderId !== id) return null
  return { fingerprint: stub.fingerprint, event: String(eventIdOf(stub.eventId)) }
}

function factsOf({ status, fingerprint }: OrderRecord, eventId: string) {
  if (status === 'PENDING') return { fingerprint: null, event: null }
  return { fingerprint: fingerprint.slice(0, 8), event: String(eventIdOf(eventId)) }
}

/** The stub of a row `o` of `orders`, as lua/includes/order-records.lua writes it. */
export function storedStub(): RawBuilder<string> {
  return sql`concat(
    left(o.id, 11), left(o.fingerprint, 8),
    (${storedEvent()} >> 20) - ('x' || left(o.id, 11))::bit(44)::bigint,
    '-', ${storedEvent()} & 1048575
  )`
}

/** The last event of a row `o`. The rows of an earlier version do not say it: theirs is the time of their end. */
function storedEvent(): RawBuilder<string> {
  return sql`coalesce(o.event_id, ${msOf('o.updated_at')} << 20)`
}
