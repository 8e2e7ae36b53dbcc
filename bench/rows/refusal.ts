import { alternate, type Bench, requestsIn } from '../bench.ts'
import { encodeRequest } from '../load/requests.ts'
import { cpuPerRequest, describeSides, expectAll, type Measured, measureLoad } from '../measure.ts'
import { type Row, rowOf } from '../row.ts'
import { signTokens, userNames } from '../shops.ts'

/** Users who try, with tokens that the API knows. */
const usersMax = 5_000

/** The refusal of a coupon that is sold out, against an answer that knows nothing. */
export async function measureRefusal(bench: Bench): Promise<Row[]> {
  const { stage, shops, sizes } = bench
  const { api, redisPid: redis, load } = stage
  const { connections } = sizes
  const floor = await stage.startServer('bench/floors/hello-server.ts')
  const shop = await shops.open('refusal')
  const [coupon = ''] = await shop.coupons(1, 1)
  await shop.claim(coupon, ['first'])
  const path = `/v1/coupons/${coupon}/claims`
  const tokens = signTokens(shop.name, userNames(Math.min(usersMax, sizes.requests, sizes.warmUp)))
  const requestsTo = (address: string, round: number) => {
    const length = requestsIn(round, sizes)
    const encoded = tokens.map((token) => encodeRequest({ path: address, token }))
    return Array.from({ length }, (_, n) => encoded[n % encoded.length] as Buffer)
  }
  const redisCommands = async () => {
    const stats = await stage.redis.info('stats')
    return Number(/^total_commands_processed:(\d+)/m.exec(stats)?.[1])
  }
  const commandsPerRequest: number[] = []

  const measureFloor = async (address: string, status: number, round: number) => {
    const plan = { port: floor.port, connections }
    const result = await measureLoad(load, { floor: floor.pid }, plan, requestsTo(address, round))
    expectAll(result, status)
    return result
  }

  // The first round, which is not counted, makes the tokens known.
  const measured = await alternate<Measured, 'floor' | 'least' | 'ours'>(bench, 'refusal', {
    floor: (round) => measureFloor('/', 200, round),
    least: (round) => measureFloor(path, 409, round),
    async ours(round) {
      const requests = requestsTo(path, round)
      const before = await redisCommands()
      const pids = { api: api.pid, redis }
      const result = await measureLoad(load, pids, { port: api.port, connections }, requests)
      commandsPerRequest.push(((await redisCommands()) - before) / requests.length)
      expectAll(result, 409)
      return result
    },
  })
  await floor.stop()
  await shops.drain()

  const ours = measured.ours.map((one) => cpuPerRequest(one, ['api']))
  return [
    rowOf({
      name: 'sold-out refusal',
      unit: 'µs CPU of the API per refused claim',
      values: ours,
      floor: {
        is: 'hello world of Hono on @hono/node-server',
        values: measured.floor.map((one) => cpuPerRequest(one, ['floor'])),
      },
      budget: { bound: 1.1, what: 'ratio' },
      details: describeSides(measured),
    }),
    rowOf({
      name: 'sold-out refusal, least',
      unit: 'µs CPU of the API per refused claim',
      values: ours,
      floor: {
        is: 'the same server when it says what a refusal says, to a known token, and checks and counts nothing',
        values: measured.least.map((one) => cpuPerRequest(one, ['floor'])),
      },
    }),
    rowOf({
      name: 'sold-out refusal, commands',
      unit: 'commands that Redis executes per refused claim, those of the upkeep included',
      values: commandsPerRequest.slice(1),
      // No request makes one: the rest is the upkeep of a process, some each second.
      budget: { bound: 0.05, what: 'value' },
    }),
  ]
}
