import type { Shops } from './shops.ts'
import type { Stage } from './stage.ts'

/** How large a run is. */
export type Sizes = {
  rounds: number
  /** Requests of one round of one side. */
  requests: number
  /** Those of the round before the first: it takes some 20,000 until Node has compiled all that it runs. */
  warmUp: number
  /** Both for the shop on Postgres alone, which takes longer over each, and most of it is not Node. */
  alternativeRequests: number
  alternativeWarmUp: number
  connections: number
  /** How long orders come at a steady rate. */
  lagSeconds: number
  /** Claims, and orders, whose memory is measured. */
  memoryEntities: number
  /** Users of the largest shop, and events of the longest backlog, when growth is measured. */
  largest: number
  /** What is rebuilt; a smaller shop has no budget. */
  rebuild: { users: number; options: number; isBudget: boolean }
}

/** Requests of a round of one side. */
export function requestsIn(round: number, { warmUp, requests }: Sizes): number {
  return round === 0 ? warmUp : requests
}

/** What every row is measured with. */
export type Bench = {
  stage: Stage
  shops: Shops
  sizes: Sizes
  say: (line: string) => void
}

/**
 * Runs the sides of a comparison in turn, so that what the machine does meanwhile meets all of them. A round before
 * the first warms everything up and is thrown away; every other round begins with the last side.
 *
 * @param sides each gets the number of the round, which is different in every one.
 * @returns the results of each side, one per round.
 */
export async function alternate<Result, Side extends string>(
  { sizes, say }: Bench,
  name: string,
  sides: Record<Side, (round: number) => Promise<Result>>,
): Promise<Record<Side, Result[]>> {
  const results = {} as Record<Side, Result[]>
  const order = Object.keys(sides) as Side[]
  for (const side of order) results[side] = []
  for (let round = 0; round <= sizes.rounds; round++) {
    say(round === 0 ? `${name}: warming up` : `${name}: round ${round} of ${sizes.rounds}`)
    for (const side of order) {
      const result = await sides[side](round)
      if (round > 0) results[side].push(result)
    }
    order.reverse()
  }
  return results
}
