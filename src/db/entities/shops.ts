import { defineEntity, p } from '@mikro-orm/core'
import { eventId, id, time } from './columns.ts'

/** A shop: the cell that every other row belongs to. */
export const Shop = defineEntity({
  name: 'Shop',
  tableName: 'shops',
  properties: {
    shop: id().primary(),
    createdAt: time(),
  },
})

/** How far the shop's outbox is in Postgres. Every batch of the drain moves it with a compare-and-set. */
export const OutboxWatermark = defineEntity({
  name: 'OutboxWatermark',
  tableName: 'outbox_watermarks',
  properties: {
    shop: id().primary(),
    eventId: eventId(),
    streamId: p.text(),
    updatedAt: time(),
    /** Raised by every rebuild of the hot state: drains of an earlier epoch are fenced. */
    epoch: p.integer(),
    /** How many events were persisted in all; null where an earlier version did not count. */
    events: p.bigint('string').nullable(),
  },
})

/** A rebuild of the hot state, by the epoch that it began, with the last event that Postgres had then. */
export const ShopRebuild = defineEntity({
  name: 'ShopRebuild',
  tableName: 'rebuilds',
  properties: {
    shop: id().primary(),
    epoch: p.integer().primary(),
    streamId: p.text(),
    at: time(),
  },
})

/** An event that Postgres refused, kept as it came, with the reason. src/dead-letters/ has what becomes of it. */
export const DeadLetter = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letters',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    streamId: p.text(),
    type: p.text(),
    /** Null where an earlier version put it here, which did not keep it. */
    version: p.text().nullable(),
    data: p.text(),
    error: p.text(),
    at: time(),
    /** How often it was retried and refused again, and when last. */
    tries: p.integer(),
    triedAt: time().nullable(),
    /** When an operator declared that it will never have rows, and why. */
    droppedAt: time().nullable(),
    dropReason: p.text().nullable(),
    /** The order that the event is about; null for none, and where nobody can read the event. */
    orderId: id().nullable(),
  },
})
