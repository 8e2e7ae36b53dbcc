import { Queue, type Worker } from 'bullmq'
import { Counter, Gauge } from 'prom-client'
import { connectQueue } from '../queue/connection.ts'
import { queueNames, type UpkeepJobName } from '../queue/jobs.ts'
import { queuePrefix } from '../redis/keys.ts'
import { registry } from './registry.ts'

// The names are BullMQ's own. Its export cannot tell two queues in one text, and it counts in Redis, at a cost per job.
const countedBy = (name: string, help: string) =>
  new Counter({ name, help, labelNames: ['queue'], registers: [registry] })

const completed = countedBy('bullmq_job_completed_total', 'Jobs that this process completed.')
const failed = countedBy('bullmq_job_failed_total', 'Attempts at a job that failed here.')
const stalled = countedBy(
  'bullmq_job_stalled_total',
  'Jobs whose process vanished, as found by this one; they are taken again.',
)

const upkeepFailures = new Counter({
  name: 'stampede_upkeep_failures_total',
  help: 'Rounds of the upkeep that failed; the next round is their retry.',
  labelNames: ['upkeep'],
  registers: [registry],
})

/** Counts the jobs that a worker takes. */
// biome-ignore lint/suspicious/noExplicitAny: it looks at no job.
export function countJobs(worker: Worker<any, any, any>): void {
  const labels = { queue: worker.name }
  for (const [event, counter] of [
    ['completed', completed],
    ['failed', failed],
    ['stalled', stalled],
  ] as const) {
    counter.inc(labels, 0) // A series that is there from the start shows its first job too.
    worker.on(event, () => counter.inc(labels))
  }
}

/** Opens the count of the rounds of these jobs that failed. */
export function openUpkeepFailures(names: readonly UpkeepJobName[]): (name: UpkeepJobName) => void {
  for (const upkeep of names) upkeepFailures.inc({ upkeep }, 0)
  return (upkeep) => upkeepFailures.inc({ upkeep })
}

/**
 * Adds how many jobs each queue holds, by their state, to the metrics. It is looked up when somebody asks; where Redis
 * does not answer in time, these figures are missing.
 */
export function openQueueMetrics(redisUrl: string): { close(): Promise<void> } {
  const connection = connectQueue(redisUrl, 'producer')
  const queues = Object.values(queueNames).map((name) => {
    const queue = new Queue(name, { connection, prefix: queuePrefix, skipWaitingForReady: true })
    queue.on('error', () => {}) // Who asks for the counts gets the reason.
    return queue
  })
  new Gauge({
    name: 'bullmq_job_count',
    help: 'Jobs in a queue by their state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      this.reset()
      await Promise.allSettled(
        queues.map(async (queue) => {
          for (const [state, count] of Object.entries(await queue.getJobCounts())) {
            this.set({ queue: queue.name, state }, count)
          }
        }),
      )
    },
  })
  return {
    async close() {
      await Promise.all(queues.map((queue) => queue.close()))
      connection.disconnect()
    },
  }
}
