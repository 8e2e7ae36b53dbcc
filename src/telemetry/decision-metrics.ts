import { Counter, Histogram } from 'prom-client'
import type { DecidedBatch } from '../engine/shop-decider.ts'
import { openDurations } from './durations.ts'
import { registry } from './registry.ts'

const decisions = new Counter({
  name: 'stampede_decisions_total',
  help: 'Decisions of the script by their name and status, repeats included.',
  labelNames: ['decision', 'status'],
  registers: [registry],
})

const batchCommands = new Histogram({
  name: 'stampede_batch_commands',
  help: 'Commands that travelled to Redis together.',
  buckets: [1, 2, 4, 8, 16, 32, 64],
  registers: [registry],
})

const durationsOf = openDurations({
  name: 'stampede_batch_duration_seconds',
  help: 'From a batch of commands to its replies; those that Redis did not answer are failed.',
  bucketsMs: [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000],
})
const addDecided = durationsOf({ outcome: 'decided' })
const addFailed = durationsOf({ outcome: 'failed' })

/** Counts what one call decided: once per batch, so that it costs a command next to nothing. */
export function countBatch({ commands, replies, tookMs }: DecidedBatch): void {
  batchCommands.observe(commands.length)
  if (replies) addDecided(tookMs)
  else addFailed(tookMs)
  const counts = new Map<string, { decision: string; status: string; count: number }>()
  for (const [index, [status]] of (replies ?? []).entries()) {
    const decision = commands[index]?.[0] as string
    const name = `${decision} ${status}`
    const known = counts.get(name)
    if (known) known.count += 1
    else counts.set(name, { decision, status, count: 1 })
  }
  for (const { decision, status, count } of counts.values()) {
    decisions.inc({ decision, status }, count)
  }
}
