import { type Books, totalUnits, unitsSold } from './books.ts'
import type { Check } from './evidence.ts'
import { percentile } from './percentile.ts'
import type { SalePlan } from './plan.ts'

/** The machine output of the demo, as the contract has it. */
export type Report = {
  ok: boolean
  /** Requests of buyers and charges, those included that were sent twice. */
  attempted: number
  accepted: { claims: number; orders: number; payments: number; cancels: number; refunds: number }
  refused: Record<string, number>
  /** As the client sees it, with 100 connections that are always busy. */
  latencyMs: { accepted: Latency; refused: Latency }
  /** Units that went out in paid orders and did not come back, of the units that there were. */
  sold: [number, number]
  claimed: [number, number]
  /** From the answer until the row can be read from Postgres, the 99th percentile while the sale ran. */
  lagMs: number
  verify: { ok: boolean }
}

type Latency = { p50: number; p99: number }

const offShownMax = 3

export function buildReport(
  plan: SalePlan,
  books: Books,
  { checks, verified }: { checks: Check[]; verified: boolean },
): Report {
  const { claims, orders, payments, cancels, refunds } = books.accepted
  const stock = plan.options.reduce((sum, option) => sum + option.stock, 0)
  const coupons = plan.coupons.reduce((sum, { totalQuantity }) => sum + totalQuantity, 0)
  return {
    ok: checks.every(({ off }) => off.length === 0),
    attempted: books.attempted,
    accepted: { claims, orders, payments, cancels, refunds },
    refused: Object.fromEntries([...books.refused].sort()),
    latencyMs: { accepted: latency(books.acceptedMs), refused: latency(books.refusedMs) },
    sold: [totalUnits(unitsSold(books)), stock + totalUnits(books.restocked)],
    claimed: [books.claims.size, coupons],
    lagMs: rounded(percentile(books.lagsMs, 0.99)),
    verify: { ok: verified },
  }
}

function latency(samplesMs: number[]): Latency {
  return { p50: rounded(percentile(samplesMs, 0.5)), p99: rounded(percentile(samplesMs, 0.99)) }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}

/** The table for a person. */
export function formatReport(
  report: Report,
  books: Books,
  { checks, rush }: { checks: Check[]; rush: { requests: number; ms: number } | null },
): string {
  const { accepted, latencyMs } = report
  const rows: [string, string][] = [
    ['attempted', `${report.attempted} requests`],
    ['rush', rush ? formatRush(rush) : 'not through'],
    [
      'accepted',
      `${books.accepted.charges} charges, ${accepted.claims} claims, ${accepted.orders} orders,`,
    ],
    [
      '',
      `${accepted.payments} payments, ${accepted.cancels} cancellations, ${accepted.refunds} refunds`,
    ],
    ['repeated', `${books.repeated} more got the first answer again`],
    ...Object.entries(report.refused).map(([code, count], row): [string, string] => [
      row === 0 ? 'refused' : '',
      `${String(count).padStart(6)} ${code}`,
    ]),
    ['unknown', `${books.unknown} without an answer`],
    ['latency, accepted', `p50 ${latencyMs.accepted.p50} ms, p99 ${latencyMs.accepted.p99} ms`],
    ['latency, refused', `p50 ${latencyMs.refused.p50} ms, p99 ${latencyMs.refused.p99} ms`],
    ['persistence lag', books.lagsMs.length > 0 ? `p99 ${report.lagMs} ms` : 'not measured'],
    ['sold', `${report.sold[0]} of ${report.sold[1]}`],
    ['claimed', `${report.claimed[0]} of ${report.claimed[1]}`],
    ['verify', report.verify.ok ? 'ok' : 'NOT OK'],
  ]
  const table = rows.map(([name, value]) => `  ${name.padEnd(18)} ${value}`).join('\n')
  return `${table}\n\n${formatChecks(checks)}`
}

function formatRush({ requests, ms }: { requests: number; ms: number }): string {
  const perSecond = Math.round((requests / ms) * 1_000)
  return `${requests} of them in ${(ms / 1_000).toFixed(1)} s, ${perSecond}/s`
}

/** Every check with its verdict, and the first things that are off. */
function formatChecks(checks: Check[]): string {
  return checks
    .flatMap(({ name, off }) => [
      `  ${off.length === 0 ? '✓' : '✗'} ${name}`,
      ...off.slice(0, offShownMax).map((text) => `      ${text}`),
      ...(off.length > offShownMax ? [`      and ${off.length - offShownMax} more`] : []),
    ])
    .join('\n')
}
