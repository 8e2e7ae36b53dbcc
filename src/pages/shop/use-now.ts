import { useEffect, useState } from 'preact/hooks'
import { clock } from './connection.ts'

const tickMs = 200

/** The shop's clock in ms, as often as a countdown needs it; standing still where nothing counts. */
export function useNow(isCounting = true): number {
  const [nowMs, setNow] = useState(clock.nowMs)
  useEffect(() => {
    if (!isCounting) return
    const timer = setInterval(() => setNow(clock.nowMs()), tickMs)
    return () => clearInterval(timer)
  }, [isCounting])
  return nowMs
}

/** Where a window of sale stands. Either end may be open. */
export type Phase = 'before' | 'open' | 'over'

export function usePhase(startsAt: string | null, endsAt: string | null) {
  const startsAtMs = startsAt === null ? Number.NEGATIVE_INFINITY : Date.parse(startsAt)
  const endsAtMs = endsAt === null ? Number.POSITIVE_INFINITY : Date.parse(endsAt)
  const [isCounting, setCounting] = useState(true)
  const nowMs = useNow(isCounting)
  const phase: Phase = nowMs < startsAtMs ? 'before' : nowMs < endsAtMs ? 'open' : 'over'
  const isLast = phase === 'over' || (phase === 'open' && endsAt === null)
  useEffect(() => setCounting(!isLast), [isLast])
  const leftMs = (phase === 'before' ? startsAtMs : endsAtMs) - nowMs
  return { phase, leftMs }
}
