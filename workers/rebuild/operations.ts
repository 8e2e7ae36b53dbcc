import { type RawBuilder, sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { eachPage, type ShopLoad } from './pages.ts'

/**
 * Records of charges, adjustments and refunds, as long as they answer repeated requests. The rows of an earlier version
 * do not have the hash of their request. Their records have an empty one, which no request has: a repeated one is then
 * refused as another body, and not done twice.
 */
const fingerprint = sql`'fingerprint', coalesce(fingerprint, '')`

type Operation = {
  key: string
  field: string
  /** Null where the row only ends its page. */
  record: object | null
}

export async function loadCharges(load: ShopLoad): Promise<void> {
  await loadHistory(load, {
    table: 'balance_history',
    isHot: sql`type = 'CHARGE'`,
    field: sql`substr(id, 12)`,
    record: sql`jsonb_build_object(
      'id', id, ${fingerprint}, 'userId', user_id, 'amount', amount,
      'beforeAmount', before_amount, 'afterAmount', after_amount, 'at', ${msOf('at')}
    )`,
  })
}

/** Those of an earlier version do not have their operation, so a repeated request for one is decided anew. */
export async function loadAdjustments(load: ShopLoad): Promise<void> {
  await loadHistory(load, {
    table: 'product_stock_history',
    isHot: sql`type = 'ADJUST' and operation_id is not null`,
    field: sql`operation_id`,
    record: sql`jsonb_build_object(
      'id', operation_id, ${fingerprint}, 'optionId', option_id, 'change', change,
      'reason', reason, 'stock', stock, 'at', ${msOf('at')}
    )`,
  })
}

/** Operations that are rows of a history, which lies in the order of the events. */
async function loadHistory(
  load: ShopLoad,
  history: Record<'isHot' | 'field' | 'record', RawBuilder<unknown>> & { table: string },
): Promise<void> {
  const { shop } = load
  // An event bears the time of its decision, give or take the moment between two looks at the clock.
  const first = (BigInt(hotFrom(load) - 1_000) << 20n) - 1n
  await eachPage(
    load,
    JSON.stringify([String(first), 0]),
    (after) => {
      const [eventId, line] = JSON.parse(after) as [string, number]
      return sql<Operation>`
        with page as materialized (
          select *, ${history.isHot} as is_hot,
            jsonb_build_array(event_id::text, line)::text as key
          from ${sql.table(history.table)}
          where shop = ${shop} and (event_id, line) > (${eventId}::bigint, ${line}::smallint)
          order by event_id, line limit ${limits.rebuildRowsMax}
        ), last as (select key from page order by event_id desc, line desc limit 1)
        select key, ${history.field} as field, case when is_hot then ${history.record} end as record
        from page where is_hot or key = (select key from last)
        order by event_id, line`
    },
    (rows) => setOperations(load, rows),
  )
}

export async function loadRefunds(load: ShopLoad): Promise<void> {
  const { shop } = load
  await eachPage(
    load,
    // The id of a refund begins with the time of its decision.
    hotFrom(load).toString(16).padStart(11, '0'),
    (after) => sql<Operation>`
      select id as key, substr(id, 12) as field, record from (
        select * from refunds where shop = ${shop} and id > ${after}
        order by id limit ${limits.rebuildRecordsMax}
      ) r cross join lateral (select ${refundRecord()} as record) refund
      order by id`,
    (rows) => setOperations(load, rows),
  )
}

/** The record of a row `r` of `refunds`. The last one of a refunded order is the one that made it so. */
function refundRecord(): RawBuilder<unknown> {
  return sql`jsonb_build_object(
    'id', r.id, ${fingerprint}, 'orderId', r.order_id, 'userId', r.user_id, 'amount', r.amount,
    'restock', r.restock, 'at', ${msOf('r.at')},
    'items', (
      select jsonb_agg(jsonb_build_object(
        'orderItemId', order_item_id, 'quantity', quantity, 'amount', i.amount
      ) order by line)
      from refund_items i where i.shop = r.shop and i.refund_id = r.id
    ),
    'orderStatus', (
      select case when o.status = 'REFUNDED' and not exists (
        select 1 from refunds later
        where later.shop = r.shop and later.order_id = r.order_id and later.event_id > r.event_id
      ) then 'REFUNDED' else 'COMPLETED' end
      from orders o where o.shop = r.shop and o.id = r.order_id
    )
  )`
}

function setOperations({ hot }: ShopLoad, rows: Operation[]): void {
  hot.setFields(
    'operations',
    rows.flatMap(({ field, record }) => (record ? [field, JSON.stringify(record)] : [])),
  )
}

function hotFrom({ now }: ShopLoad): number {
  return now.getTime() - limits.idempotencyRetentionMs
}
