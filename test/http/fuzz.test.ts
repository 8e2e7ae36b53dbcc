import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openShop } from '../../src/engine/open-shop.ts'
import { verify } from '../../src/verify/verify.ts'
import { tokenOf } from './client.ts'
import {
  type DocumentedRoute,
  prepare,
  type Request,
  type RouteContract,
} from './contract/contract.ts'
import { contractsOf, documentedRoutes } from './contract/contracts.ts'
import { openWorld } from './contract/world.ts'

/*
 * Every route with anything in its address, its headers and its body, by everybody. `FUZZ_REQUESTS` makes it longer,
 * and fast-check prints the seed of what it found.
 */

const requests = Number(process.env.FUZZ_REQUESTS ?? 1_500)
/** A request that is changed is one of a route's own, made anew so often, because the state moves on. */
const requestsPerWorld = 200

/** No hold lapses, because the next decision would expire it, also where it is a refusal. */
const world = await openWorld({ holdMs: 86_400_000 })
const { shop, redis } = world
/** The books are proven at the end, because it costs more the more there is in them. */
const call = world.callWith({})
const otherShop = `${shop}-2`
await openShop(redis, { shop: otherShop })
const routes = contractsOf(world).filter(({ auth }) => auth !== 'none')
const documented = await documentedRoutes(world)
const nowSeconds = Math.floor(Date.now() / 1_000)

/** What may stand where something else is expected. */
const junk = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[-1, 0, 1, 0.5, 1e308, 2 ** 53, -0, '1e3', '', null, true, [], {}, '#', '{x}:y'],
      ...['\u0000', '\ud800', '__proto__', 'constructor', '🏃‍♀️', '../..', "'; --", 'a'.repeat(70)],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
)

const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('field' as const), at: fc.nat(), to: junk }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('more' as const), name: fc.string(), to: junk }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('less' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('body' as const), to: junk }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('text' as const), to: fc.string() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('id' as const), to: fc.string({ minLength: 1 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('query' as const), to: fc.webQueryParameters() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('key' as const), to: fc.string() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('header' as const),
      name: fc.constantFrom(
        'content-type',
        'x-shop',
        'x-request-id',
        'x-admission',
        'authorization',
      ),
      to: fc.string(),
    }),
  },
)
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never

const someRequest = fc.record({
  route: fc.nat(routes.length - 1),
  who: fc.constantFrom(
    'own',
    'own',
    'own',
    'user',
    'admin',
    'stranger',
    'expired',
    'junk',
    'nobody',
  ),
  changes: fc.array(change, { maxLength: 3 }),
})

function tokenFor(who: string, own: string | undefined): string | undefined {
  switch (who) {
    case 'own':
      return own
    case 'user':
      return tokenOf('mallory', { shop })
    case 'admin':
      return tokenOf('operator', { shop, role: 'admin' })
    case 'stranger':
      return tokenOf('operator', { shop: otherShop, role: 'admin' })
    case 'expired':
      return tokenOf('operator', { shop, role: 'admin', exp: nowSeconds - 1 })
    case 'junk':
      return 'a.b.c'
    default:
      return undefined
  }
}

/** A header that a client can send at all. */
const sendable = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?')

function changed(request: Request, made: Change): Request {
  const { call } = request
  const body = call.body
  const isObject = typeof body === 'object' && body !== null
  const fields = isObject ? Object.keys(body) : []
  switch (made.kind) {
    case 'field': {
      const field = fields[made.at % fields.length]
      if (field === undefined) return request
      return { ...request, call: { ...call, body: { ...(body as object), [field]: made.to } } }
    }
    case 'less': {
      const field = fields[made.at % fields.length]
      const kept = Object.entries(body ?? {}).filter(([name]) => name !== field)
      return isObject ? { ...request, call: { ...call, body: Object.fromEntries(kept) } } : request
    }
    case 'more':
      return {
        ...request,
        call: { ...call, body: { ...(isObject && body), [made.name]: made.to } },
      }
    case 'body':
    case 'text':
      return { ...request, call: { ...call, body: made.to } }
    case 'id':
      return {
        ...request,
        path: request.path.replace(/[^/?]{8,}/, encodeURIComponent(wellFormed(made.to))),
      }
    case 'query':
      return { ...request, path: `${request.path.split('?')[0]}?${made.to}` }
    case 'key':
      return { ...request, call: { ...call, key: sendable(made.to) } }
    case 'header':
      return {
        ...request,
        call: { ...call, headers: { ...call.headers, [made.name]: sendable(made.to) } },
      }
  }
}

const wellFormed = (text: string) => text.toWellFormed()

/** What an operator drops is missing in the books for good, so here there is never anything to drop. */
const reasonsOf = ({ route }: RouteContract) =>
  route === 'POST /v1/dead-letters/{id}/drop' ? ['dead_letter_not_found'] : []

async function retryDeadLetters(): Promise<void> {
  for (let more = true; more; ) {
    const retry = { token: world.admin, body: {} }
    more = (await world.call('POST', '/v1/dead-letters/retry', retry)).body.more
  }
}

it(
  'answers everything as documented, and what it refuses has no effect',
  async () => {
    const statuses = new Map<number, number>()
    let prepared = new Map<number, Request>()
    let sent = 0
    await fc.assert(
      fc.asyncProperty(someRequest, async ({ route, who, changes }) => {
        if (sent++ % requestsPerWorld === 0) {
          prepared = new Map()
          await world.drain()
        }
        const contract = routes[route] as (typeof routes)[number]
        const known = documented.get(contract.route) as DocumentedRoute
        const own =
          prepared.get(route) ?? (await prepare(world, contract, known, reasonsOf(contract)))
        prepared.set(route, own)
        const asked = changes.reduce(changed, own)
        // What reads Postgres waits for what was decided before, and no worker runs here.
        if (asked.method === 'GET') await world.drain()
        const before = await world.lastEvent()
        const token = tokenFor(who, own.call.token)
        // A body where there can be none is no request that a client could send.
        const body = asked.method === 'GET' ? undefined : asked.call.body
        const answer = await call(asked.method, asked.path, { ...asked.call, body, token })
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const isOfRoute = !changes.some(({ kind }) => kind === 'id')
        if (isOfRoute) expect(Object.keys(known.responses)).toContain(String(answer.status))
        // Who has no token may name a shop that was never opened, or none, which is the one called main.
        const isElsewhere = who === 'nobody' && answer.code === 'shop_closed'
        if (!isElsewhere) expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500)
        if (answer.status >= 400) {
          expect(answer.body).toMatchObject({ code: expect.any(String), status: answer.status })
          expect(await world.lastEvent()).toBe(before)
        }
      }),
      { numRuns: requests },
    )
    expect(world.errors).toEqual([])
    await world.drain()
    await retryDeadLetters()
    const { checks } = await verify({ redis, orm: world.dependencies.orm }, shop)
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    // All that is there to be said was said at least once.
    for (const status of [200, 201, 400, 401, 403, 404, 409])
      expect(statuses.get(status)).toBeGreaterThan(0)
  },
  60_000 + requests * 30,
)
