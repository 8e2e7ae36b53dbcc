import { defineEntity, p } from '@mikro-orm/core'
import { amount, id, time } from './columns.ts'

/** A UTC day whose ranking is taken, also where nothing was sold on it. */
export const RankingSnapshot = defineEntity({
  name: 'RankingSnapshot',
  tableName: 'ranking_snapshots',
  properties: {
    shop: id().primary(),
    rankingDate: p.date().primary(),
    createdAt: time(),
  },
})

/** A product's place on a day, by the units that were paid on it and not refunded since. */
export const ProductRanking = defineEntity({
  name: 'ProductRanking',
  tableName: 'product_rankings',
  properties: {
    shop: id().primary(),
    rankingDate: p.date().primary(),
    rank: p.integer().primary(),
    productId: id(),
    salesCount: amount(),
    createdAt: time(),
  },
})
