import { percentile } from '../statistics.ts'

/** Latencies of one kind of answer, in milliseconds. */
export type Latency = { count: number; p50: number; p99: number; max: number }

/** Collects how long each request took, what was accepted (2xx) apart from what was refused. */
export function openLatencies() {
  const accepted: number[] = []
  const refused: number[] = []
  return {
    note(status: number, ms: number) {
      if (status >= 200 && status < 300) accepted.push(ms)
      else refused.push(ms)
    },
    summary: () => ({ accepted: summaryOf(accepted), refused: summaryOf(refused) }),
  }
}

function summaryOf(latencies: number[]): Latency {
  return {
    count: latencies.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
  }
}
