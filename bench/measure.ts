import { type CpuTimes, openCpuMeter } from './cpu.ts'
import type { LoadResult } from './load/client.ts'
import type { Load } from './load/load.ts'
import type { Row } from './row.ts'
import { median } from './statistics.ts'

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

/** What a row says of one side beside its figure: each number is the median of the rounds. */
export type Side = {
  requests: number
  perSecond: number
  latencyMs: LoadResult['latencyMs']
  /** Microseconds by process, that of the load generator too. */
  cpuUsPerRequest: CpuTimes
  /** Share of a core that the load generator took. */
  clientShare: number
}

export function describeSide(rounds: readonly Measured[]): Side {
  return medians(
    rounds.map(({ seconds, requests, latencyMs, cpuUs }) => ({
      requests,
      perSecond: requests / seconds,
      latencyMs,
      cpuUsPerRequest: mapValues(cpuUs, (us) => us / requests),
      clientShare: (cpuUs.client ?? 0) / 1e6 / seconds,
    })),
  )
}

/** The same for every side of a comparison. */
export function describeSides(measured: Record<string, Measured[]>): Record<string, Side> {
  return mapValues(measured, describeSide)
}

/** What of a row's details is a side of it: the engine, or what it is compared with. */
export function sidesOf({ details }: Row): [name: string, side: Side][] {
  return Object.entries(details).filter(
    (entry): entry is [string, Side] =>
      (entry[1] as Partial<Side> | null)?.clientShare !== undefined,
  )
}

/** One object of the same shape, with the median of each number in it. */
export function medians<Facts extends object>(rounds: readonly Facts[]): Facts {
  const [first] = rounds as readonly [Facts, ...Facts[]]
  return mapValues(first as Record<string, unknown>, (value, name) => {
    const all = rounds.map((one) => one[name as keyof Facts])
    if (typeof value !== 'number') return medians(all as object[])
    return Math.round(median(all as number[]) * 100) / 100
  }) as Facts
}

function mapValues<From, To>(
  values: Record<string, From>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, one]) => [name, map(one, name)]))
}
