import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { type DocumentedRoute, prepare } from './contract/contract.ts'
import { contractsOf, documentedRoutes } from './contract/contracts.ts'
import { openWorld } from './contract/world.ts'

const world = await openWorld()
const documented = await documentedRoutes(world)
const routes = contractsOf(world).filter(({ route }) => documented.get(route)?.requestBody)

const bytes = limits.bodyBytesMax
const repeated = (text: string) => text.repeat(Math.floor(bytes / text.length))
const json = { 'content-type': 'application/json' }

/** Bodies that no route takes. Those of the right type are all as long as a body may be. */
const bodies: [what: string, body: string, headers: Record<string, string>][] = [
  ['lists in lists without end', repeated('['), json],
  ['lists in lists', `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`, json],
  ['objects in objects without end', repeated('{"a":'), json],
  ['objects in objects', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, json],
  ['lists in a field', `{"items":${'['.repeat(15_000)}${']'.repeat(15_000)}}`, json],
  ['a number of many digits', '9'.repeat(bytes), json],
  ['a number beyond all numbers', `{"amount":1e999,"quantity":1e308}`, json],
  ['a long text', JSON.stringify('x'.repeat(bytes - 2)), json],
  ['a text of escapes', `"${'\\u0000'.repeat(5_000)}"`, json],
  ['a text that does not end', `"${'\\'.repeat(bytes - 2)}`, json],
  ['thousands of fields', `{${Array.from({ length: 3_000 }, (_, n) => `"${n}":1`)}}`, json],
  ['thousands of items', `{"items":[${Array(8_000).fill('{}')}]}`, json],
  ['one field twice', '{"unknown":1,"unknown":2}', json],
  ['the prototype', '{"__proto__":{"role":"admin"}}', json],
  ['the constructor', '{"constructor":{"prototype":{"role":"admin"}}}', json],
  ['no UTF-8', '\ud800', json],
  ['a packed body', gzipSync('{}').toString('latin1'), { ...json, 'content-encoding': 'gzip' }],
  ['another alphabet', Buffer.from('{}', 'utf16le').toString('latin1'), json],
  [
    'a form of parts',
    '--a\r\n\r\n{}\r\n--a--',
    { 'content-type': 'multipart/form-data; boundary=a' },
  ],
  ['XML', '<!DOCTYPE a [<!ENTITY b "c">]><a/>', { 'content-type': 'application/xml' }],
]

async function lastEvent(): Promise<string | undefined> {
  const [entry] = await world.redis.xrevrange(`{${world.shop}}:outbox`, '+', '-', 'COUNT', 1)
  return entry?.[0]
}

/** CPU time of this process for so many of a request, in microseconds each. */
async function cost(ask: () => Promise<unknown>, count = 20): Promise<number> {
  await ask()
  const before = process.cpuUsage()
  for (let number = 0; number < count; number++) await ask()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

it('knows every route that takes a body', () => {
  expect(routes.length).toBeGreaterThan(12)
})

describe.each(routes)('$route', (contract) => {
  const known = documented.get(contract.route) as DocumentedRoute

  it('refuses each body that means nothing, with a reason and without an effect', async () => {
    const { method, path, send, call } = await prepare(world, contract, known, [])
    const before = await lastEvent()
    for (const [what, body, headers] of bodies) {
      const answer = await send(method, path, { ...call, body, headers })
      expect(answer, what).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(answer.body.errors.length, what).toBeGreaterThan(0)
      expect(JSON.stringify(answer.body).length, what).toBeLessThan(8_000)
    }
    expect(await lastEvent()).toBe(before)
    expect(world.errors).toEqual([])
    expect(Object.prototype).not.toHaveProperty('role')
  })
})

it('spends on the worst body no more than on a body of the same size that is usual', async () => {
  const [contract] = routes.filter(({ route }) => route === 'POST /v1/orders')
  if (!contract) throw new Error('no route of orders')
  const known = documented.get(contract.route) as DocumentedRoute
  const { method, path, send, call } = await prepare(world, contract, known, ['invalid_request'])
  const usual = JSON.stringify({
    items: Array.from({ length: 700 }, (_, number) => ({
      optionId: `option-${number}`,
      quantity: 1,
    })),
  })
  const costOf = (body: string, headers: Record<string, string>) =>
    cost(() => send(method, path, { ...call, body, headers }))
  const usualCost = await costOf(usual, json)
  for (const [what, body, headers] of bodies) {
    expect((await costOf(body, headers)) / usualCost, what).toBeLessThan(20)
  }
})
