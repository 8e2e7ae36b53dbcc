import { Counter, Histogram } from 'prom-client'
import { openDurations } from './durations.ts'
import { registry } from './registry.ts'

const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] })

const events = counter('stampede_drained_events_total', 'Events that this process committed.')
const rows = counter('stampede_drained_rows_total', 'Rows that they wrote or changed.')
const deadLetters = counter(
  'stampede_dead_letters_total',
  'Events that Postgres refused and this process put aside.',
)
const failures = counter(
  'stampede_drain_failures_total',
  'Drains that Redis or Postgres stopped; each is tried again.',
)

const batchEvents = new Histogram({
  name: 'stampede_drain_batch_events',
  help: 'Events that one transaction committed.',
  buckets: [1, 3, 10, 30, 100, 300, 1_000],
  registers: [registry],
})

const addBatchDuration = openDurations({
  name: 'stampede_drain_batch_duration_seconds',
  help: 'From the events of a batch to their commit.',
  bucketsMs: [2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
})()

const addEventAge = openDurations({
  name: 'stampede_committed_event_age_seconds',
  help: 'From the decision to the commit of its event, by the clock of Redis.',
  bucketsMs: [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000, 600_000],
})()

/** Counts a batch that is in Postgres. */
export function countDrainedBatch(batch: {
  events: number
  rows: number
  deadLetters: number
  tookMs: number
}): void {
  events.inc(batch.events)
  rows.inc(batch.rows)
  deadLetters.inc(batch.deadLetters)
  batchEvents.observe(batch.events)
  addBatchDuration(batch.tookMs)
}

/**
 * Counts how old the events of a batch were at its commit.
 *
 * @param nowMs by the clock of Redis, which dates them.
 */
export function countEventAges(entries: readonly { streamId: string }[], nowMs: number): void {
  for (const { streamId } of entries) {
    addEventAge(Math.max(0, nowMs - Number.parseInt(streamId, 10)))
  }
}

export function countDrainFailure(): void {
  failures.inc()
}
