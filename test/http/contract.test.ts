import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type DocumentedRoute,
  expectRefusal,
  prepare,
  type Request,
  refusalsOf,
} from './contract/contract.ts'
import { contractsOf, documentedRoutes } from './contract/contracts.ts'
import { openWorld } from './contract/world.ts'

const world = await openWorld()
const contracts = contractsOf(world)
const documented = await documentedRoutes(world)
const { body: document } = await world.get('/openapi.json')
const answerTo = ({ method, path, call, send }: Request) => send(method, path, call)

describe('the contract', () => {
  it('is driven whole: every documented route, with every refusal, in the same order', () => {
    const isKnown = (code: string) => code !== 'internal' // It stands for a bug.
    const refusals = [...documented].map(([name, route]) => [
      name,
      (route['x-refusals'] ?? []).filter(isKnown),
    ])
    expect(Object.fromEntries(contracts.map((it) => [it.route, refusalsOf(it)]))).toEqual(
      Object.fromEntries(refusals),
    )
  })
})

describe.each(contracts)('$route', (contract) => {
  const route = documented.get(contract.route) as DocumentedRoute
  const refusals = refusalsOf(contract)
  const prepared = (...reasons: string[]) => prepare(world, contract, route, reasons)

  it('answers exactly the fields that it documents', async () => {
    const { status, body } = await answerTo(await prepared())
    expect({ status, body }).toEqual({ status: contract.status, body: contract.answer })
    expect(schemaOf(route, status).safeParse(body)).toMatchObject({ success: true })
  })

  it.each(refusals)('refuses by %s, whatever else speaks against the request', async (code) => {
    expectRefusal(await answerTo(await prepared(code)), code)
    const worse = refusals.slice(refusals.indexOf(code))
    expectRefusal(await answerTo(await prepared(...worse)), code)
  })

  if (refusals.includes('invalid_request')) {
    it('refuses what it does not know in its path, its query or its body', async () => {
      const request = await prepared()
      for (const [field, spoiled] of spoiledOnes(contract.route, route, request)) {
        const answer = await answerTo(spoiled)
        expectRefusal(answer, 'invalid_request')
        expect(answer.body.errors).toContainEqual({ path: field, message: expect.any(String) })
      }
    })
  }

  if (contract.key) {
    it('answers a repeated request as the first, and needs a sane key', async () => {
      const request = await prepared()
      const first = await answerTo(request)
      expect(first.headers.has('idempotency-replayed')).toBe(false)
      const again = await answerTo(request)
      expect(again).toMatchObject({ status: 200, body: first.body })
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      for (const key of ['', 'a b', 'é', 'a'.repeat(256)]) {
        const spoiled = { ...request, call: { ...request.call, key } }
        expectRefusal(await answerTo(spoiled), 'idempotency_key_required')
      }
    })
  }

  if (contract.auth === 'public') {
    it('is open to everybody, in the shop that he names', async () => {
      const { method, path, send } = await prepared()
      const inShop = (shop: string) => send(method, path, { headers: { 'x-shop': shop } })
      expect(await inShop(world.shop)).toMatchObject({ status: 200, body: contract.answer })
      expectRefusal(await inShop('{x}'), 'invalid_request')
      expect(route.security).toEqual([{}, { bearer: [] }])
    })
  } else if (contract.auth !== 'none') {
    it('is closed to those without a token', async () => {
      const { method, path, call, send } = await prepared()
      expectRefusal(await send(method, path, { ...call, token: undefined }), 'unauthorized')
      expect(route.security).toEqual([{ bearer: [] }])
    })
  }
})

/** The request with one thing that the route does not know, and the field that is to be named. */
function spoiledOnes(name: string, route: DocumentedRoute, request: Request): [string, Request][] {
  const spoiled: [string, Request][] = []
  const kinds = new Set(route.parameters?.map((parameter) => parameter.in))
  const [, parameter] = name.match(/\{(\w+)\}/) ?? []
  if (parameter !== undefined) {
    const path = name.replace(/^\w+ /, '').replace(/\{\w+\}/, 'a:b')
    spoiled.push([parameter, { ...request, path }])
  }
  if (kinds.has('query')) {
    const path = `${request.path}${request.path.includes('?') ? '&' : '?'}unknown=1`
    spoiled.push(['unknown', { ...request, path }])
  }
  if (kinds.has('query') && route.parameters?.some(({ name }) => name === 'cursor')) {
    const [path] = request.path.split('?')
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=%20', 'cursor=bm90aGluZw']) {
      spoiled.push([query.split('=')[0] as string, { ...request, path: `${path}?${query}` }])
    }
  }
  if (request.method !== 'GET') {
    const body = { ...(request.call.body as object), unknown: 1 }
    spoiled.push([
      route.requestBody ? 'unknown' : '',
      { ...request, call: { ...request.call, body } },
    ])
  }
  return spoiled
}

/** The documented shape of an answer, where an object has no field that it does not name. */
function schemaOf(route: DocumentedRoute, status: number): z.ZodType {
  const [content] = Object.values(route.responses[status]?.content ?? {})
  const closed = JSON.stringify({ ...content?.schema, $defs: document.components.schemas })
    .replaceAll('#/components/schemas/', '#/$defs/')
    .replaceAll('"type":"object",', '"type":"object","additionalProperties":false,')
  return z.fromJSONSchema(JSON.parse(closed))
}
