import { limits } from '../limits.ts'
import { openClient } from './client.ts'
import type { Check } from './evidence.ts'
import { judge, judgeAnswers } from './judge.ts'
import { planSale } from './plan.ts'
import type { Progress } from './progress.ts'
import { buildReport, formatReport, type Report } from './report.ts'
import { type Outcome, runSale } from './run-sale.ts'
import { openSale, type SignToken } from './sale.ts'

export type Demonstration = {
  report: Report
  checks: Check[]
  /** The report for a person. */
  text: string
}

/**
 * Runs the sale of this seed against the engine at `url` and reports what came of it, also where it did not come to
 * its end; it never takes longer than `limits.demoMs`.
 *
 * @throws Error where the sale cannot even be opened.
 */
export async function demonstrate(
  { url, seed, sign }: { url: URL; seed: number; sign: SignToken },
  { setPhase, follow }: Progress,
  interruption: AbortSignal,
): Promise<Demonstration> {
  const signal = AbortSignal.any([interruption, AbortSignal.timeout(limits.demoMs)])
  const client = openClient(url)
  try {
    setPhase('opening the sale')
    const sale = await openSale(planSale(seed), { url, client, sign }, signal)
    const { plan, books, optionIds } = sale
    follow(books)
    let checks: Check[]
    let outcome: Outcome | null = null
    try {
      outcome = await Promise.race([runSale(sale, setPhase), rejection(signal)])
      checks = judge({ plan, books, optionIds, audit: outcome.audit })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      checks = [...judgeAnswers(books), { name: 'the sale came to its end', off: [reason] }]
    }
    const verified = outcome?.audit.verify.ok ?? false
    const report = buildReport(plan, books, { checks, verified })
    const table = formatReport(report, books, { checks, rush: outcome?.rush ?? null })
    return { report, checks, text: `Flash sale, seed ${seed}, at ${url.href}\n\n${table}` }
  } finally {
    client.close()
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => {
      const isTimeout = signal.reason?.name === 'TimeoutError'
      reject(isTimeout ? new Error(`It was not through in ${limits.demoMs} ms.`) : signal.reason)
    }
    signal.addEventListener('abort', end, { once: true })
  })
}
