import { createSigner } from 'fast-jwt'
import { describe, expect, it } from 'vitest'
import { openShop } from '../../src/engine/open-shop.ts'
import { uniqueShop } from '../support/redis.ts'
import { type Answer, secret, tokenOf } from './client.ts'
import { type DocumentedRoute, expectRefusal, prepare, type Request } from './contract/contract.ts'
import { contractsOf, documentedRoutes } from './contract/contracts.ts'
import { openWorld } from './contract/world.ts'

/*
 * Every documented route, asked by everybody who might: a route that is not in the contracts fails their test, and one
 * that is cannot escape this one.
 */

const world = await openWorld()
const { shop, redis } = world
const contracts = contractsOf(world)
const documented = await documentedRoutes(world)
const otherShop = uniqueShop()
await openShop(redis, { shop: otherShop })

const nowSeconds = () => Math.floor(Date.now() / 1_000)
const claims = { sub: 'operator', role: 'admin', shop }
const unsigned = (header: object) =>
  `${[header, { ...claims, exp: nowSeconds() + 3_600 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')}.`

/** What nobody may get in with, not even on a public route. */
const invalidTokens: [name: string, token: string][] = [
  ['expired', tokenOf('operator', { ...claims, exp: nowSeconds() - 1 })],
  ['forged', createSigner({ key: `another ${secret}` })({ ...claims, exp: nowSeconds() + 3_600 })],
  ['unsigned', unsigned({ alg: 'none', typ: 'JWT' })],
]

/** Routes of users whose id names something that is there for all; every other id is the owner's alone. */
const ofAll = new Set([
  'POST /v1/coupons/{id}/claims',
  'POST /v1/coupons/{id}/entry',
  'POST /v1/options/{id}/entry',
  'PUT /v1/me/cart/items/{optionId}',
  'DELETE /v1/me/cart/items/{optionId}',
])

/** Routes whose answer says what was asked for, whoever asks: that it was done elsewhere is tested below. */
const echoes = new Set(['POST /v1/users', 'PUT /v1/me/cart/items/{optionId}'])

/** Routes of admins whose id may be new: they act in the shop of the token, wherever else the id exists. */
const ofAnyId = new Set([
  'POST /v1/users/{id}/charges',
  'GET /v1/users/{id}/orders',
  'GET /v1/users/{id}/coupons',
])

const asking = ({ method, path, call, send }: Request, token: string | undefined) =>
  send(method, path, { ...call, token })

async function refusedWithoutEffect(request: Request, token: string | undefined): Promise<Answer> {
  const before = await world.lastEvent()
  const answer = await asking(request, token)
  expect(await world.lastEvent()).toBe(before)
  return answer
}

describe.each(contracts.filter(({ auth }) => auth !== 'none'))('$route', (contract) => {
  const { route: name, auth } = contract
  const route = documented.get(name) as DocumentedRoute
  const hasId = name.includes('{')
  const prepared = () => prepare(world, contract, route, [])

  it.each(invalidTokens)('refuses a token that is %s', async (_, token) => {
    expectRefusal(await refusedWithoutEffect(await prepared(), token), 'unauthorized')
  })

  if (auth !== 'public') {
    it('refuses who has no token', async () => {
      expectRefusal(await refusedWithoutEffect(await prepared(), undefined), 'unauthorized')
    })
  }

  if (auth === 'admin') {
    it('refuses users, also the one whom it is about', async () => {
      const request = await prepared()
      const [, named = 'alice'] = /\/v1\/users\/([^/?]+)/.exec(request.path) ?? []
      for (const sub of [named, 'operator', 'mallory']) {
        const answer = await refusedWithoutEffect(request, tokenOf(sub, { shop }))
        expectRefusal(answer, 'forbidden')
      }
    })

    it('does nothing here for an admin of another shop', async () => {
      const request = await prepared()
      const stranger = tokenOf('operator', { shop: otherShop, role: 'admin' })
      const answer = await refusedWithoutEffect(request, stranger)
      if (hasId && !ofAnyId.has(name)) expect(answer.status).toBe(404)
      else if (!echoes.has(name)) {
        expect(answer.body).not.toEqual((await asking(request, request.call.token)).body)
      }
    })
  }

  if (auth === 'user') {
    it('shows and does nothing of one user to another, of this shop or not', async () => {
      const request = await prepared()
      const strangers = [
        tokenOf('mallory', { shop }),
        tokenOf('mallory', { shop: otherShop }),
        tokenOf('operator', { shop: otherShop, role: 'admin' }),
      ]
      if (hasId && !ofAll.has(name)) {
        for (const token of strangers) {
          expect((await refusedWithoutEffect(request, token)).status).toBe(404)
        }
      } else {
        const [sameShop, ...otherShops] = await Promise.all(
          strangers.map(async (token) => (await asking(request, token)).body),
        )
        if (echoes.has(name)) return
        const own = (await asking(request, request.call.token)).body
        expect(sameShop).not.toEqual(own)
        for (const body of otherShops) expect(body).not.toEqual(own)
      }
    })
  }
})

it('creates a user for an admin of another shop there, and leaves who has the id here', async () => {
  const id = world.newUser()
  const create = (token: string, name: string) =>
    world.post('/v1/users', { token, body: { id, name, email: `${id}@example.org` } })
  expect((await create(world.admin, 'Ours')).status).toBe(201)
  const stranger = tokenOf('operator', { shop: otherShop, role: 'admin' })
  expect((await create(stranger, 'Theirs')).status).toBe(201)
  expect((await world.get(`/v1/users/${id}`, world.admin)).body.name).toBe('Ours')
  expect((await world.get(`/v1/users/${id}`, stranger)).body.name).toBe('Theirs')
})

it('puts into the cart of the caller, and into no other', async () => {
  const [owner, other] = [world.newUser(), world.newUser()]
  const path = `/v1/me/cart/items/${await world.option()}`
  const put = (userId: string, quantity: number) =>
    world.call('PUT', path, { token: world.user(userId), body: { quantity } })
  const own = (await put(owner, 2)).body
  await put(other, 3)
  expect((await world.get('/v1/me/cart', world.user(owner))).body).toEqual(own)
})
