import type { BulkTransaction } from '../db/bulk-transaction.ts'
import type { OutboxRows } from '../rows/outbox-rows.ts'

/**
 * Takes out of the rows of late events what later events have replaced. What an event appends, and what it adds to a
 * sum, is the same whenever it comes. But it also says how an order, a balance or a product is after it; and where
 * Postgres has a later event of the same thing, that one's word stands.
 *
 * The shop is locked, so nothing comes between this look and the writes. The work of each look is that of the late
 * events, however much has happened since.
 */
export async function keepLaterStates(
  transaction: BulkTransaction,
  shop: string,
  rows: OutboxRows,
): Promise<void> {
  /** Drops the changes that a query finds replaced: it knows each as `given`, with its key and its event. */
  async function dropReplaced(
    changes: Map<string, unknown>,
    given: readonly Given[],
    condition: string,
  ): Promise<string[]> {
    if (given.length === 0) return []
    const replaced = await transaction.read<{ key: string }>(
      `select key from jsonb_to_recordset($2::jsonb)
        as given (key text collate "C", of text collate "C", event_id bigint)
        where exists (${condition})`,
      [shop, JSON.stringify(given)],
    )
    for (const { key } of replaced) changes.delete(key)
    return replaced.map(({ key }) => key)
  }

  /** The same for rows that say themselves, in this column, which event they are as new as. */
  function dropOlder<Column extends string>(
    changes: Map<string, { [Name in Column]?: EventNumber }>,
    table: string,
    column: Column,
  ): Promise<string[]> {
    const given = [...changes].map(([key, change]) => ({ key, event_id: change[column] }))
    const later = `select from ${table} t
      where t.shop = $1 and t.id = given.key and t.${column} > given.event_id`
    return dropReplaced(changes, given, later)
  }

  await dropOlder(rows.productChanges, 'products', 'facts_event_id')
  await dropOlder(rows.optionFacts, 'product_options', 'facts_event_id')
  await dropOlder(rows.couponFacts, 'coupons', 'facts_event_id')
  await dropOlder(rows.userCouponChanges, 'user_coupons', 'event_id')
  const replaced = await dropOlder(rows.orderChanges, 'orders', 'event_id')
  for (const orderId of replaced) rows.paymentChanges.delete(orderId)

  const refundOf = new Map(rows.refunds.map((refund) => [refund.id, refund]))
  const items = rows.refundItems.map((item) => {
    const refund = refundOf.get(item.refund_id)
    return { key: item.order_item_id, of: refund?.order_id, event_id: refund?.event_id }
  })
  await dropReplaced(rows.itemRefunds, lastOfEach(items), laterRefund)
  const changes = rows.balanceHistory.map(({ user_id: key, event_id }) => ({ key, event_id }))
  await dropReplaced(rows.balances, lastOfEach(changes), laterChange)
}

type EventNumber = string | number | null | undefined

/** A thing that late events change, the last of these events, and what the thing belongs to. */
type Given = {
  key?: string | null | undefined
  of?: string | null | undefined
  event_id?: EventNumber
}

/** Events come in their order, so the last of a thing is the latest. */
function lastOfEach(given: readonly Given[]): Given[] {
  return [...new Map(given.map((one) => [one.key, one])).values()]
}

const laterRefund = `
  select from refunds r join refund_items i on i.shop = r.shop and i.refund_id = r.id
  where r.shop = $1 and r.order_id = given.of and r.event_id > given.event_id
    and i.order_item_id = given.key`

const laterChange = `
  select from balance_history h
  where h.shop = $1 and h.user_id = given.key and h.event_id > given.event_id`
