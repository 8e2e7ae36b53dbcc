import { type Milestones, openMilestones } from './milestones.ts'

/** How far the pause of a coupon is; between two requests of the operator either may be the case. */
export type PausePhase = 'before' | 'pausing' | 'paused' | 'resuming' | 'after'

/** The pause of a coupon in the middle of the sale. */
export type Pause = {
  phase: PausePhase
  /** Buyers who were told that the coupon is not active. */
  turnedAway: Milestones
  /** Passed once, when the coupon can be claimed again. */
  over: Milestones
}

export function openPause(): Pause {
  return { phase: 'before', turnedAway: openMilestones(), over: openMilestones() }
}
