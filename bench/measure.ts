import { type CpuTimes, openCpuMeter } from './cpu.ts'
import type { LoadResult } from './load/client.ts'
import type { Load } from './load/load.ts'

export type Measured = LoadResult & {
  /** Microseconds of processor time by process, that of the load generator as `client`. */
  cpuUs: CpuTimes
  requests: number
}

/** Sends the requests and measures what the named processes spend from the first byte to the last. */
export function measureLoad(
  load: Load,
  pids: Record<string, number>,
  plan: { port: number; connections: number; rate?: number },
  requests: readonly Buffer[],
): Promise<Measured> {
  const meter = openCpuMeter({ ...pids, client: load.pid })
  return load.run(plan, requests, async (send) => {
    const before = meter.read()
    const result = await send()
    return { ...result, cpuUs: meter.since(before), requests: requests.length }
  })
}

/** @throws Error where not all of the requests were answered with this status. */
export function expectAll(measured: Measured, status: number): void {
  if (measured.statuses[status] === measured.requests) return
  throw new Error(
    `Expected ${measured.requests} answers ${status}: ${JSON.stringify(measured.statuses)}`,
  )
}

/** Microseconds of these processes per request. */
export function cpuPerRequest({ cpuUs, requests }: Measured, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (cpuUs[name] ?? 0), 0) / requests
}

/** What a row says of its runs beside its figure: of the last round. */
export function describeRun(measured: Measured): Record<string, unknown> {
  const { seconds, requests, latencyMs, cpuUs } = measured
  const perRequest = Object.entries(cpuUs).map(([name, us]) => [name, round(us / requests)])
  return {
    requests,
    perSecond: Math.round(requests / seconds),
    latencyMs,
    cpuUsPerRequest: Object.fromEntries(perRequest),
    clientShare: round((cpuUs.client ?? 0) / 1e6 / seconds),
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** The same for every side of a comparison. */
export function describeSides(measured: Record<string, Measured[]>): Record<string, unknown> {
  const entries = Object.entries(measured).map(([side, rounds]) => {
    const last = rounds.at(-1)
    return [side, last ? describeRun(last) : null]
  })
  return Object.fromEntries(entries)
}
