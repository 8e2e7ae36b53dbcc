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

/** An event that can never be persisted, kept as it came, with the reason. */
export const DeadLetter = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letters',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    streamId: p.text(),
    type: p.text(),
    data: p.text(),
    error: p.text(),
    at: time(),
  },
})
