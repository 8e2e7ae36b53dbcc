import { alternate, type Bench, requestsIn } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { cpuPerRequest, describeSides, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { signTokens, userNames } from '../shops.ts'

/** Every user claims so many coupons, so that one request in five brings a token that nobody has seen before. */
const couponsPerUser = 5

/** A claim over HTTP, against the same script called by a server that does nothing else. */
export async function measureClaim(bench: Bench): Promise<Row[]> {
  const { stage, shops, sizes } = bench
  const { api, redisPid: redis, load } = stage
  const { connections } = sizes
  const usersIn = (round: number) => userNames(Math.ceil(requestsIn(round, sizes) / couponsPerUser))
  const floor = await stage.startServer('bench/floors/evalsha-server.ts')

  const measured = await alternate<Measured, 'floor' | 'ours'>(bench, 'claim', {
    async floor(round) {
      const shop = await shops.openFloor(`floor-claim-${round}`)
      const users = usersIn(round)
      const coupons = await shop.coupons(couponsPerUser, users.length)
      const requests = users.flatMap((user) =>
        coupons.map((id) => encodeRequest({ path: `/${shop.name}/claim-coupon/${id}/${user}` })),
      )
      const pids = { floor: floor.pid, redis }
      const result = await measureLoad(load, pids, { port: floor.port, connections }, requests)
      await shop.drop()
      expectAll(result, 201)
      return result
    },
    async ours(round) {
      const shop = await shops.open(`claim-${round}`)
      const users = usersIn(round)
      const coupons = await shop.coupons(couponsPerUser, users.length)
      const requests = signTokens(shop.name, users).flatMap((token) =>
        coupons.map((id) => encodeRequest({ path: `/v1/coupons/${id}/claims`, token })),
      )
      const pids = { api: api.pid, redis }
      const result = await measureLoad(load, pids, { port: api.port, connections }, requests)
      expectAll(result, 201)
      return result
    },
  })
  await floor.stop()
  await shops.drain()

  return [
    rowOf({
      name: 'claim',
      unit: 'µs CPU of API and Redis per claim',
      values: measured.ours.map((one) => cpuPerRequest(one, ['api', 'redis'])),
      floor: {
        is: 'node:http and one unbatched EVALSHA of the same script',
        values: measured.floor.map((one) => cpuPerRequest(one, ['floor', 'redis'])),
      },
      budget: { bound: 1, what: 'ratio' },
      details: describeSides(measured),
    }),
  ]
}
