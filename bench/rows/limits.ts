import { alternate, type Bench, requestsIn } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { cpuPerRequest, describeSides, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { signTokens, userNames } from '../shops.ts'

const usersMax = 5_000

/** The cheapest answer that there is, with its sender counted by address and user, against the same without. */
export async function measureLimits(bench: Bench): Promise<Row[]> {
  const { stage, shops, sizes } = bench
  const { redisPid: redis, load } = stage
  const { connections } = sizes
  const startApi = (env: Record<string, string>) =>
    stage.startServer('src/server.ts', { ...env, TRUSTED_PROXIES: '1' })
  const unlimited = await startApi({ RATE_LIMIT: 'off' })
  const limited = await startApi({ REQUESTS_PER_ADDRESS: '1000000000' })
  const shop = await shops.open('limits')
  const [coupon = ''] = await shop.coupons(1, 1)
  await shop.claim(coupon, ['first'])
  const users = userNames(Math.min(usersMax, sizes.requests, sizes.warmUp))
  const encoded = signTokens(shop.name, users).map((token, number) =>
    encodeRequest({ path: `/v1/coupons/${coupon}/claims`, token, from: addressOf(number) }),
  )

  const refuse = async ({ pid: api, port }: { pid: number; port: number }, round: number) => {
    const length = requestsIn(round, sizes)
    const requests = Array.from({ length }, (_, n) => encoded[n % encoded.length] as Buffer)
    const result = await measureLoad(load, { api, redis }, { port, connections }, requests)
    expectAll(result, 409)
    return result
  }
  const measured = await alternate<Measured, 'unlimited' | 'limited'>(bench, 'limits', {
    unlimited: (round) => refuse(unlimited, round),
    limited: (round) => refuse(limited, round),
  })
  await unlimited.stop()
  await limited.stop()
  await shops.drain()

  const costs = (sides: Measured[]) => sides.map((one) => cpuPerRequest(one, ['api', 'redis']))
  return [
    rowOf({
      name: 'rate limits',
      unit: 'µs CPU of API and Redis per refused claim whose sender is counted',
      values: costs(measured.limited),
      floor: { is: 'the same with RATE_LIMIT=off', values: costs(measured.unlimited) },
      details: describeSides(measured),
    }),
  ]
}

/** A public address of every fourth user: a household. */
function addressOf(number: number): string {
  const household = number >> 2
  return `8.8.${household >> 8}.${household & 255}`
}
