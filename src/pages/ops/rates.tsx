import { useMemo } from 'preact/hooks'
import type { Second } from '../../live/moment.ts'
import { Chart, type ChartData, type Line } from './chart.tsx'
import { acceptedIn, failedIn, refusedIn } from './outcomes.ts'

const outcomeLines: Line[] = [
  { label: 'Claims', color: '--claims' },
  { label: 'Orders', color: '--orders' },
  { label: 'Payments', color: '--payments' },
  { label: 'Refusals', color: '--refusals' },
  { label: 'Errors', color: '--bad' },
]

const waitingLines: Line[] = [
  { label: 'Events that wait', color: '--orders' },
  { label: 'Seconds behind (on the right)', color: '--claims', isOnTheRight: true },
]

/** What happened in each of the last seconds, and how far Postgres was behind. */
export function Rates({ seconds }: { seconds: Second[] }) {
  const times = useMemo(() => seconds.map(({ atMs }) => atMs / 1_000), [seconds])
  const outcomes = useMemo<ChartData>(
    () => [
      times,
      ...(['claims', 'orders', 'payments'] as const).map((kind) =>
        seconds.map((second) => acceptedIn(second, kind)),
      ),
      seconds.map(refusedIn),
      seconds.map(failedIn),
    ],
    [times, seconds],
  )
  const waiting = useMemo<ChartData>(
    () => [
      times,
      seconds.map(({ backlog = null }) => backlog),
      seconds.map(({ lagMs }) => (lagMs === undefined ? null : lagMs / 1_000)),
    ],
    [times, seconds],
  )
  return (
    <div class="charts">
      <Chart title="Per second" lines={outcomeLines} data={outcomes} />
      <Chart title="Waiting for Postgres" lines={waitingLines} data={waiting} />
    </div>
  )
}
