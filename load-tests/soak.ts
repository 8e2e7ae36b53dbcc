/*
 * A long, steady day, in which nothing may drift: visits of every kind at a rate the machine is easy with, and beside
 * them a watcher who buys a unit now and then and reads /metrics. In the last quarter neither its orders nor Postgres
 * may take longer than in the first, and no more events may wait for Postgres.
 *
 *   RATE=20             visits per second
 *   DURATION_S=1800     how long they come
 *   LAG_MS=1000         how much later than twice the first quarter Postgres may be in the last
 *   OPERATOR_PASSWORD=  of the engine, where /metrics asks for one
 */
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { arrivals, common } from './lib/arrivals.ts'
import { checkBooks, soldAndFree } from './lib/books.ts'
import { driftOf, driftTable } from './lib/drift.ts'
import { droppedMax, latencyMs, sizeOf } from './lib/environment.ts'
import { chargeBuyers, createProduct, type Goods } from './lib/goods.ts'
import { readBacklog } from './lib/metrics.ts'
import { placeOrder } from './lib/orders.ts'
import { outcomesOf } from './lib/outcomes.ts'
import { type RunData, summarize } from './lib/summary.ts'
import { buyerOf } from './lib/tokens.ts'
import {
  openVisitedShop,
  proveVisits,
  type VisitedShop,
  visit,
  visitThresholds,
} from './lib/visits.ts'

const ratePerSecond = sizeOf('RATE', 20)
const durationSeconds = sizeOf('DURATION_S', 1_800)
const lagMs = sizeOf('LAG_MS', 1_000)
const visits = ratePerSecond * durationSeconds
/** Often enough for a median of each quarter, also in a run of seconds. */
const probeMs = Math.min(5_000, Math.max(500, (durationSeconds * 1_000) / 60))
const probes = Math.ceil((durationSeconds * 1_000) / probeMs)
/** The watcher is alone and may have to wait for itself, so ten times as many of its looks may be missed. */
const missedMax = droppedMax(probes * 10)
/** Most events of one visit, whose number a lag of some milliseconds is worth. */
const eventsPerVisit = 6

const watched = outcomesOf('watched_orders')
const watchedMs = driftOf('watched_order_ms', latencyMs / 10)
const backlogMs = driftOf('watched_lag_ms', lagMs)
const backlogEvents = driftOf(
  'watched_backlog_events',
  (ratePerSecond * eventsPerVisit * lagMs) / 1_000,
)
const quantities = [watchedMs, backlogMs, backlogEvents]

export const options: Options = {
  ...common,
  scenarios: {
    visits: arrivals({ ratePerSecond, durationSeconds }),
    watch: {
      executor: 'constant-arrival-rate',
      exec: 'watch',
      rate: 1,
      timeUnit: `${probeMs}ms`,
      duration: `${durationSeconds}s`,
      preAllocatedVUs: 1,
      maxVUs: 1,
    },
  },
  thresholds: {
    ...visitThresholds(visits),
    dropped_iterations: [`count<=${droppedMax(visits) + missedMax}`],
    ...watched.thresholds,
    // One that could not look has seen no drift.
    watched_orders_accepted: [`count>=${Math.max(1, probes - missedMax)}`],
    ...Object.assign({}, ...quantities.map(({ thresholds }) => thresholds)),
  },
}

type Soak = { visited: VisitedShop; watched: Goods }

export function setup(): Soak {
  readBacklog()
  // Nothing runs out: the end of the run must be like its beginning.
  const visited = openVisitedShop(visits, { stock: visits * 4, quantity: visits })
  const { run } = visited
  chargeBuyers(run, [watcherOf(run)], probes * 2)
  return { visited, watched: createProduct(run, probes * 2, 1) }
}

export default function (soak: Soak): void {
  visit(soak.visited)
}

export function watch({ watched: { run, optionIds } }: Soak): void {
  const { progress, iterationInTest } = exec.scenario
  const { events, lagMs } = readBacklog()
  backlogEvents.add(events, progress)
  backlogMs.add(lagMs, progress)
  const startedAt = Date.now()
  placeOrder(watched, {
    token: watcherOf(run).token,
    key: `${run}-watcher-${iterationInTest}`,
    body: { items: [{ optionId: optionIds[0], quantity: 1 }], pay: true },
  })
  watchedMs.add(Date.now() - startedAt, progress)
}

function watcherOf(run: string) {
  return buyerOf(`${run}-watcher`, 0)
}

export function teardown(soak: Soak): void {
  checkBooks({ ...proveVisits(soak.visited), ...soldAndFree(soak.watched) })
}

export function handleSummary(data: RunData) {
  const names = quantities.map(({ name }) => name)
  return summarize(data, { lines: driftTable(names, data) })
}
