import type { Bench } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { describeSide, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { signTokens, userNames } from '../shops.ts'

/** The workload that the nearest peers publish: so many buyers at once for a fifth as many units. */
const attempts = 5_000
const units = 1_000
const connections = 100

/** A rush for one coupon, by users who have never been seen before. */
export async function measurePeer({ stage, shops, sizes, say }: Bench): Promise<Row[]> {
  const { api, redisPid: redis } = stage
  const rounds: Measured[] = []
  for (let round = 1; round <= sizes.rounds; round++) {
    say(`peer: round ${round} of ${sizes.rounds}`)
    const shop = await shops.open(`peer-${round}`)
    const [coupon = ''] = await shop.coupons(1, units)
    const path = `/v1/coupons/${coupon}/claims`
    const tokens = signTokens(shop.name, userNames(attempts))
    const requests = tokens.map((token) => encodeRequest({ path, token }))
    const plan = { port: api.port, connections }
    const measured = await measureLoad(stage.load, { api: api.pid, redis }, plan, requests)
    const { 201: accepted, 409: refused } = measured.statuses
    if (accepted !== units || refused !== attempts - units) {
      throw new Error(`Exactly ${units} must be accepted: ${JSON.stringify(measured.statuses)}`)
    }
    rounds.push(measured)
  }
  await shops.drain()
  return [
    rowOf({
      name: "nearest peers' workload",
      unit: `s for ${attempts} attempts over ${connections} connections, exactly ${units} accepted`,
      values: rounds.map(({ seconds }) => seconds),
      details: { ours: describeSide(rounds) },
    }),
  ]
}
