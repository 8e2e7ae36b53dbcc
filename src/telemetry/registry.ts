import cluster from 'node:cluster'
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'

/**
 * The metrics of this process, in the conventions of Prometheus: base units in the names, `_total` for what only grows.
 */
export const registry = new Registry()

/** A question of an API process that shares its port, and the answer of the process that started it. */
type Message = { metricsAsked: number } | { metricsAnswered: number; text: string }

/**
 * Collects what every process has too: processor time, memory, event loop lag, garbage collection.
 *
 * @returns the metrics as text. Of processes that share a port it does not matter which is asked: each answers the sums
 * over all of them.
 */
export function openMetrics(): () => Promise<string> {
  collectDefaultMetrics({ register: registry })
  if (!cluster.isWorker) return () => registry.metrics()

  AggregatorRegistry.setRegistries([registry])
  new AggregatorRegistry() // Answers the other process that wants the metrics of this one.
  const waiting = new Map<number, (text: string) => void>()
  let asked = 0
  process.on('message', (message: Message) => {
    if ('metricsAnswered' in message) waiting.get(message.metricsAnswered)?.(message.text)
  })
  return async () => {
    const number = ++asked
    try {
      return await new Promise<string>((resolve, reject) => {
        waiting.set(number, resolve)
        process.send?.({ metricsAsked: number } satisfies Message)
        const error = new Unavailable('The API processes did not tell their metrics in time')
        setTimeout(reject, limits.metricsMs, error).unref()
      })
    } finally {
      waiting.delete(number)
    }
  }
}

/** Answers the API processes that this one has started with the sums over all of them. */
export function answerMetrics(): void {
  const all = new AggregatorRegistry()
  cluster.on('message', async (worker, message: Message) => {
    if (!('metricsAsked' in message)) return
    const text = await all.clusterMetrics().catch(() => null)
    if (text === null || !worker.isConnected()) return // Who asked hears nothing, and says so in time.
    worker.send({ metricsAnswered: message.metricsAsked, text } satisfies Message)
  })
}
