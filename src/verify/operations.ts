import { sql } from 'kysely'
import type { ChargeRecord, StockAdjustmentRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { shopKey } from '../redis/keys.ts'
import { type Facts, hashSide, type Mirror, msOf, noKeys, put } from './mirror.ts'

/** The records of charges that answer repeated requests. They leave Redis once Postgres has them. */
export function chargeMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `charge ${id}`,
    absent: {},
    mayBeGone: () => true,
    hot: hashSide(shopKey(shop, 'operations'), {
      idOf: (_, value) => parseCharge(value)?.id ?? null,
      fieldsOf: (id) => [operationOfOrder(id) ?? id],
      factsOf: ([value], id) => {
        const charge = parseCharge(value ?? '')
        // The field may have been taken by another operation since.
        return charge?.id === id ? factsOfCharge(charge) : null
      },
    }),
    persisted: {
      keys: noKeys,
      rows: (ids) => sql`
        select id, jsonb_build_object(
          'user', user_id, 'amount', amount, 'before', before_amount, 'after', after_amount,
          'at', ${msOf('at')}
        ) as facts
        from balance_history where shop = ${shop} and type = 'CHARGE' and id = any(${ids})`,
    },
    apply(event, entities) {
      if (event.type !== 'balance_charged') return
      put(entities.get(event.data.id), factsOfCharge(event.data))
    },
  }
}

function factsOfCharge(charge: ChargeRecord): Facts {
  const { userId, amount, beforeAmount, afterAmount, at } = charge
  return { user: userId, amount, before: beforeAmount, after: afterAmount, at }
}

/**
 * The records of stock adjustments, likewise. The stock history does not have their ids, so an entity is what it does
 * have of one, as JSON, with the operation in front.
 */
export function adjustmentMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `stock adjustment ${JSON.parse(id)[0]}`,
    absent: {},
    mayBeGone: () => true,
    hot: hashSide(shopKey(shop, 'operations'), {
      idOf: (_, value) => keyOfAdjustment(value),
      fieldsOf: (id) => [JSON.parse(id)[0]],
      factsOf: ([value], id) => (keyOfAdjustment(value ?? '') === id ? isKnown : null),
    }),
    persisted: {
      keys: noKeys,
      // An event is not older than what it tells, so the first that fits is found without reading the history.
      rows: (ids) => sql`
        select id, ${isKnown}::jsonb as facts
        from unnest(${ids}::text[]) id cross join lateral (
          select 1 from product_stock_history h
          where h.shop = ${shop} and h.type = 'ADJUST' and h.option_id = id::jsonb ->> 1
            and h.event_id >= (id::jsonb ->> 4)::bigint << 20
            and h.change = (id::jsonb ->> 2)::bigint and h.reason = id::jsonb ->> 3
            and ${msOf('h.at')} = (id::jsonb ->> 4)::bigint
          order by h.event_id limit 1
        ) found`,
    },
    apply(event, entities) {
      if (event.type !== 'stock_adjusted') return
      put(entities.get(keyOf(event.data)), isKnown)
    },
  }
}

const isKnown: Facts = { 'record as in the stock history': true }

function keyOf({ id, optionId, change, reason, at }: StockAdjustmentRecord): string {
  return JSON.stringify([id, optionId, change, reason, at])
}

/** The key of a record of an adjustment, or null for another operation. */
function keyOfAdjustment(record: string): string | null {
  const stored = parse<StockAdjustmentRecord>(record)
  return stored?.optionId === undefined || stored.change === undefined ? null : keyOf(stored)
}

/** A record of a charge, or null for another operation. */
function parseCharge(record: string): ChargeRecord | null {
  const stored = parse<ChargeRecord>(record)
  return stored?.beforeAmount === undefined ? null : (stored as ChargeRecord)
}

/** Null where the text is no JSON: what should have a record there is then missing one. */
function parse<Stored>(text: string): (Partial<Stored> & Stored) | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
