import { useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import type { Fetch } from '../../client/retrying-fetch.ts'
import type { Storm as StormResult } from '../../live/storm.ts'
import { formatCount, formatMs, formatStatus } from './format.ts'

/** Runs the demo: hundreds of buyers at once, who try everything that buyers try. */
export function Storm({ ask }: { ask: Fetch }) {
  const [isRunning, setRunning] = useState(false)
  const [result, setResult] = useState<StormResult | null>(null)

  async function run(): Promise<void> {
    setRunning(true)
    setResult(null)
    setResult(await storm(ask))
    setRunning(false)
  }

  const report = result?.report
  return (
    <section aria-labelledby="storm">
      <h2 id="storm">Storm</h2>
      <p>
        <button type="button" class="bold" disabled={isRunning} onClick={run}>
          {isRunning ? 'Everybody is buying …' : 'Start the storm'}
        </button>
      </p>
      <div role="status">
        {result && result.failure !== '' && <p class="note bad">{result.failure}</p>}
        {report && (
          <>
            <p>
              <span class={`pill ${report.ok ? 'good' : 'bad'}`}>
                {report.ok ? 'Nothing oversold, nothing lost' : 'Something is off'}
              </span>
            </p>
            <p class="facts">
              {formatCount(report.attempted)} requests · {formatCount(report.accepted.claims)}{' '}
              claims · {formatCount(report.accepted.orders)} orders ·{' '}
              {formatCount(report.accepted.payments)} payments · sold {formatCount(report.sold[0])}{' '}
              of {formatCount(report.sold[1])} units · claimed {formatCount(report.claimed[0])} of{' '}
              {formatCount(report.claimed[1])} coupons · accepted in{' '}
              {formatMs(report.latencyMs.accepted.p50)} (99 of 100 in{' '}
              {formatMs(report.latencyMs.accepted.p99)}) · in Postgres after{' '}
              {formatMs(report.lagMs)}
            </p>
            <p class="facts">
              Refused:{' '}
              {Object.entries(report.refused)
                .sort(([, a], [, b]) => b - a)
                .map(([code, count]) => `${formatStatus(code)} ${formatCount(count)}`)
                .join(' · ')}
            </p>
          </>
        )}
      </div>
    </section>
  )
}

async function storm(ask: Fetch): Promise<StormResult> {
  const asked = ask('/ops/storm', { method: 'POST' })
  const outcome = await outcomeOf<Response>(asked).catch(() => null)
  if (!outcome) return { report: null, failure: 'There was no answer.' }
  if (!outcome.ok) return { report: null, failure: outcome.problem.detail }
  return outcome.body as StormResult
}
