import { describe, expect, it } from 'vitest'
import { allowOrigins } from '../../src/http/allowed-origins.ts'
import type { Fetch } from '../../src/http/environment.ts'
import { fixedHeaders } from '../../src/http/reply.ts'
import { openClient } from './client.ts'

const client = await openClient()
const origin = 'https://shop.example.org'
const served = allowOrigins([origin, 'https://m.example.org'], client.app.fetch)
const bindings = {} as Parameters<Fetch>[1]

function ask(method: string, path: string, headers: Record<string, string> = { origin }) {
  return served(new Request(`http://127.0.0.1${path}`, { method, headers }), bindings)
}
const allowedBy = (answer: Response) =>
  [...answer.headers].filter(([name]) => name.startsWith('access-control-'))
const listOf = (answer: Response, name: string) => answer.headers.get(name)?.split(',').sort()

/** What a browser asks before it sends what is no simple form. */
const preflight = (path: string, from = origin) =>
  ask('OPTIONS', path, {
    origin: from,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,idempotency-key',
  })

describe('pages of a listed origin', () => {
  it('may send what a client sends', async () => {
    const answer = await preflight('/v1/orders')
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(listOf(answer, 'access-control-allow-methods')).toEqual([
      'DELETE',
      'GET',
      'PATCH',
      'POST',
      'PUT',
    ])
    const { body: document } = await client.get('/openapi.json')
    const named = new Set([
      ...['authorization', 'content-type', 'traceparent', 'x-admission', 'x-request-id'],
    ])
    JSON.stringify(document, (_, value) => {
      if (value?.in === 'header') named.add(value.name.toLowerCase())
      return value
    })
    expect(listOf(answer, 'access-control-allow-headers')).toEqual([...named].sort())
    const { 'content-type': _, ...safe } = fixedHeaders
    expect(Object.fromEntries(answer.headers)).toMatchObject(safe)
  })

  it('may read answers and their headers, refusals too', async () => {
    for (const path of ['/v1/products', '/v1/me', '/v1/nothing']) {
      const answer = await ask('GET', path)
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('vary')).toMatch(/origin/i)
      expect(answer.headers.get('content-type')).toMatch(/json$/)
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      const { body: document } = await client.get('/openapi.json')
      const told = Object.keys(document.components.headers).map((name) => name.toLowerCase())
      const readable = listOf(answer, 'access-control-expose-headers')
      // A browser has no use for the header that asks for a password.
      expect(readable).toEqual(
        expect.arrayContaining(told.filter((name) => name !== 'www-authenticate')),
      )
    }
    expect((await ask('GET', '/v1/me')).status).toBe(401)
    expect((await ask('DELETE', '/v1/products')).status).toBe(405)
    expect((await ask('GET', '/v1/nothing')).status).toBe(404)
  })

  it('may not have the browser send what it knows of an operator', async () => {
    for (const answer of [await preflight('/v1/orders'), await ask('GET', '/v1/products')]) {
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
    }
  })

  it('may use the API and nothing else', async () => {
    const others = client.app.routes.map(({ path }) => path).filter((path) => !/^\/v1\//.test(path))
    expect(others).toEqual(expect.arrayContaining(['/ops/session', '/shop/session', '/metrics']))
    for (const path of new Set(others.map((one) => one.replace('/*', '')))) {
      const answers = [await preflight(path), await ask('GET', path), await ask('POST', path)]
      for (const answer of answers) {
        expect(allowedBy(answer)).toEqual([])
        await answer.body?.cancel()
      }
    }
  })
})

it.each(['https://evil.example', `${origin}.evil.example`, 'http://shop.example.org', 'null'])(
  'tells pages of %s nothing',
  async (evil) => {
    for (const answer of [
      await preflight('/v1/orders', evil),
      await ask('GET', '/v1/products', { origin: evil }),
    ]) {
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      // What is kept for one origin must not be taken for another.
      expect(answer.headers.get('vary')).toMatch(/origin/i)
    }
  },
)

it('adds nothing where no origin is listed', () => {
  expect(allowOrigins([], client.app.fetch)).toBe(client.app.fetch)
})
