import { defineEntity, p } from '@mikro-orm/core'
import { amount, eventId, id, time } from './columns.ts'

export const Product = defineEntity({
  name: 'Product',
  tableName: 'products',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    name: p.text(),
    brand: p.text().nullable(),
    description: p.text().nullable(),
    /** What the operator said; the view `product_listings` has what is true of it. */
    status: p.text().$type<'ACTIVE' | 'INACTIVE' | 'OUT_OF_STOCK'>(),
    createdAt: time(),
    updatedAt: time(),
    /** Of its texts as they are now. */
    revision: p.integer(),
    /** Of its last change; null where nothing has changed it. */
    factsEventId: eventId().nullable(),
  },
})

/** The texts of a product as they were from `at` until the next revision: what orders of that time sold. */
export const ProductRevision = defineEntity({
  name: 'ProductRevision',
  tableName: 'product_revisions',
  properties: {
    shop: id().primary(),
    productId: id().primary(),
    revision: p.integer().primary(),
    name: p.text(),
    brand: p.text().nullable(),
    description: p.text().nullable(),
    at: time(),
  },
})

/** What is sold. Every unit is free (`stock`), held by a pending order, or sold. */
export const ProductOption = defineEntity({
  name: 'ProductOption',
  tableName: 'product_options',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    productId: id(),
    optionValue: p.text().nullable(),
    price: amount(),
    perUserLimit: p.integer().nullable(),
    saleStartsAt: time().nullable(),
    saleEndsAt: time().nullable(),
    holdMs: p.integer().nullable(),
    stock: amount(),
    held: amount(),
    sold: amount(),
    createdAt: time(),
    updatedAt: time(),
    /** Its place in the product, from 1. */
    line: p.smallint(),
    /** Of the last change of what was said of it, its counts apart; null where nothing has changed that. */
    factsEventId: eventId().nullable(),
  },
})

/** One change of an option's price. */
export const ProductPriceHistory = defineEntity({
  name: 'ProductPriceHistory',
  tableName: 'product_price_history',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    productId: id(),
    optionId: id(),
    oldPrice: amount(),
    newPrice: amount(),
    reason: p.text().nullable(),
    changedAt: time(),
  },
})

/** One change of the free units of an option; the changes of an option sum to its `stock`. */
export const ProductStockHistory = defineEntity({
  name: 'ProductStockHistory',
  tableName: 'product_stock_history',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    line: p.smallint().primary(),
    optionId: id(),
    type: p.text().$type<'INITIAL' | 'ADJUST' | 'ORDER' | 'CANCEL' | 'EXPIRE' | 'REFUND'>(),
    change: amount(),
    reason: p.text().nullable(),
    orderId: id().nullable(),
    at: time(),
    /** Of an adjustment: its operation, the hash of its request, and the free units that it left. */
    operationId: id().nullable(),
    fingerprint: p.text().nullable(),
    stock: amount().nullable(),
  },
})
