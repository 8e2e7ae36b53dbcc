import type { EventData } from '../domain/events.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { changeOption } from './row-changes.ts'

export function productCreated(
  rows: OutboxRows,
  eventId: string,
  product: EventData<'product_created'>,
): void {
  const at = product.createdAt
  rows.products.push({
    id: product.id,
    name: product.name,
    brand: product.brand,
    description: product.description,
    status: product.status,
    created_at: at,
    updated_at: at,
    revision: product.revision,
  })
  addRevision(rows, product, at)
  for (const [index, option] of product.options.entries()) {
    rows.productOptions.push({
      id: option.id,
      product_id: product.id,
      option_value: option.optionValue,
      price: option.price,
      per_user_limit: option.perUserLimit,
      sale_starts_at: option.saleStartsAt,
      sale_ends_at: option.saleEndsAt,
      hold_ms: option.holdMs,
      stock: option.stock,
      held: 0,
      sold: 0,
      created_at: at,
      updated_at: at,
      line: index + 1,
    })
    rows.stockHistory.push({
      event_id: eventId,
      line: index + 1,
      option_id: option.id,
      type: 'INITIAL',
      change: option.stock,
      at,
    })
  }
}

export function productUpdated(
  rows: OutboxRows,
  eventId: string,
  product: EventData<'product_updated'>,
): void {
  const { id, name, brand, description, status, revision, at } = product
  rows.productChanges.set(id, {
    ...{ id, name, brand, description, status, revision },
    updated_at: at,
    facts_event_id: eventId,
  })
  addRevision(rows, product, at)
}

export function optionUpdated(
  rows: OutboxRows,
  eventId: string,
  option: EventData<'option_updated'>,
): void {
  const { optionId, productId, oldPrice, price, reason, at } = option
  rows.optionFacts.set(optionId, {
    id: optionId,
    price,
    per_user_limit: option.perUserLimit,
    sale_starts_at: option.saleStartsAt,
    sale_ends_at: option.saleEndsAt,
    hold_ms: option.holdMs,
    updated_at: at,
    facts_event_id: eventId,
  })
  if (price === oldPrice) return
  rows.priceHistory.push({
    event_id: eventId,
    product_id: productId,
    option_id: optionId,
    old_price: oldPrice,
    new_price: price,
    reason,
    changed_at: at,
  })
}

/** A revision has the texts that it began with: a later change of the status alone leaves it as it is. */
function addRevision(
  rows: OutboxRows,
  product: EventData<'product_created'> | EventData<'product_updated'>,
  at: number,
): void {
  const { id, revision, name, brand, description } = product
  const key = `${id}:${revision}`
  if (rows.revisions.has(key)) return
  rows.revisions.set(key, { product_id: id, revision, name, brand, description, at })
}

export function stockAdjusted(
  rows: OutboxRows,
  eventId: string,
  adjustment: EventData<'stock_adjusted'>,
): void {
  const { id, fingerprint, optionId, change, reason, stock, at } = adjustment
  changeOption(rows, optionId, at, { stock: change })
  rows.stockHistory.push({
    event_id: eventId,
    line: 1,
    option_id: optionId,
    type: 'ADJUST',
    change,
    reason,
    at,
    operation_id: id,
    fingerprint,
    stock,
  })
}
