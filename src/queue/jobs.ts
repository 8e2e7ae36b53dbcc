import type { DeduplicationOptions, JobsOptions } from 'bullmq'

/**
 * The contract between those who ask for work and the workers. Events never travel in a job: a job only says where
 * to look, so losing one costs time and nothing else.
 */
export const queueNames = {
  /** Jobs `drain`: bring the outbox of one shop to Postgres. */
  drain: 'drain',
  /** The jobs of `UpkeepJobName`, on schedules: what keeps everything tidy and moving. */
  upkeep: 'upkeep',
} as const

export type DrainJob = { shop: string }
export type UpkeepJobName =
  | 'sweep-holds'
  | 'expire-coupons'
  | 'forget-finished'
  | 'snapshot-rankings'

/**
 * A drain that fails is tried again within seconds. By then the outage is a long one, and the next wake-up or the
 * guard of the shops asks again; a queue of old jobs would only repeat what one does.
 */
export const drainJobOptions: JobsOptions = {
  attempts: 6,
  backoff: { type: 'exponential', delay: 100, jitter: 0.5 },
  // The last ones stay for the dashboard.
  removeOnComplete: { count: 100 },
  removeOnFail: { count: 100 },
}

/** While a shop has a waiting drain another is not added; while it has a running one, one more follows it. */
export function oneDrainPerShop(shop: string): DeduplicationOptions {
  return { id: shop, keepLastIfActive: true }
}
