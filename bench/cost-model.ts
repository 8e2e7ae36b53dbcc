import { figure, type Report } from './report.ts'

/** Microseconds of processor time by process. */
export type Costs = { api: number; redis: number; worker: number; postgres: number }

/** How busy a core may be in the long run, so that a burst finds room. */
const usableShare = 0.7
const secondsUs = 1_000_000
/** Paid orders per second of a site that grows. */
const rates = [1_000, 10_000, 100_000]

/** What a claim and a paid order cost each process, from the rows of the budgets; null where they are not there. */
export function readCosts({ rows }: Report): { claim: Costs; order: Costs } | null {
  const detailsOf = (name: string) =>
    rows.find((row) => row.name === name)?.details as
      | { ours?: { cpuUsPerRequest: Partial<Costs> }; drainCpuUsPerOrder?: Partial<Costs> }
      | undefined
  const claim = detailsOf('claim')?.ours?.cpuUsPerRequest
  const checkout = detailsOf('persisted checkout')
  const order = checkout?.ours?.cpuUsPerRequest
  const drain = checkout?.drainCpuUsPerOrder
  if (!claim || !order || !drain) return null
  const { worker = 0, postgres = 0, redis = 0 } = drain
  return {
    claim: { api: claim.api ?? 0, redis: claim.redis ?? 0, worker: 0, postgres: 0 },
    order: { api: order.api ?? 0, redis: (order.redis ?? 0) + redis, worker, postgres },
  }
}

/** Cores that so many orders per second need of each part. */
export function coresFor(costs: Costs, perSecond: number): Costs {
  const cores = (us: number) => (perSecond * us) / secondsUs / usableShare
  const { api, redis, worker, postgres } = costs
  return {
    api: cores(api),
    redis: cores(redis),
    worker: cores(worker),
    postgres: cores(postgres),
  }
}

/** The cost model as text: what each request costs, what a core carries, and what a growing site needs. */
export function renderCostModel(report: Report): string {
  const costs = readCosts(report)
  if (!costs) return 'Not measured yet.\n'
  const { claim, order } = costs
  const parts = ['api', 'redis', 'worker', 'postgres'] as const
  const perCore = (us: number) => (us > 0 ? figure((secondsUs / us) * usableShare) : '–')
  const names = { api: 'API process', redis: 'Redis', worker: 'worker', postgres: 'Postgres' }
  const costLines = parts.map(
    (part) =>
      `| ${names[part]} | ${claim[part] > 0 ? figure(claim[part]) : '–'} | ${figure(order[part])} | ` +
      `${perCore(claim[part])} | ${perCore(order[part])} |`,
  )
  const total = ({ api, redis, worker, postgres }: Costs) => api + redis + worker + postgres
  const growth = rates.map((rate) => {
    const cores = coresFor(order, rate)
    const shops = Math.ceil(cores.redis)
    const cells = parts.map((part) => figure(cores[part]))
    return `| ${rate.toLocaleString('en-US')} | ${cells.join(' | ')} | ${figure(total(cores))} | ${shops} |`
  })
  return [
    `| part | µs per claim | µs per paid order | claims/s per core | paid orders/s per core |`,
    '|---|---:|---:|---:|---:|',
    ...costLines,
    `| all | ${figure(total(claim))} | ${figure(total(order))} | | |`,
    '',
    `A core counts for ${usableShare * 100} % of its time, so that a burst finds room. The drain of a claim is not ` +
      'in it: it is less than that of an order, and may come later.',
    '',
    '| paid orders/s | API cores | Redis cores | worker cores | Postgres cores | cores in all | shops, at least |',
    '|---:|---:|---:|---:|---:|---:|---:|',
    ...growth,
    '',
  ].join('\n')
}
