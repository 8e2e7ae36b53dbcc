import { expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { operatorsOf } from '../../src/http/operator.ts'
import { resolveServices } from '../../src/services/services.ts'
import { openClient } from './client.ts'

const client = await openClient({ operators: { password: 'the password of operators' } })

/** What needs no token and no password. Everything of these is the same for everybody. */
const open =
  /^\/(livez|readyz|openapi\.json|icon\.svg|base\.css|docs(\/[\w.-]+)?|shop(\/(page\.\w+|session))?)$/

/** Every address outside of the API, as the application knows them; one below a `*` stands for all below. */
const addresses = client.app.routes
  .filter(({ method, path }) => method === 'GET' && !path.startsWith('/v1/'))
  .map(({ path }) => path.replace('/*', '/queue/drain').replace(/\{.*\}/, ''))

it('every page, metric and stream is for operators, but what is for everybody', async () => {
  const guarded = addresses.filter((path) => !open.test(path))
  for (const path of ['/metrics', '/ops', '/ops/session', '/ops/feed', '/ops/page.js']) {
    expect(guarded).toContain(path)
  }
  expect(guarded.filter((path) => path.startsWith('/admin/queues')).length).toBeGreaterThan(0)
  const nobody = client.callWith({ operators: 'nobody' })
  const wrong = { authorization: `Basic ${btoa('x:another password')}` }
  // An admin of a shop is no operator.
  const admin = { authorization: `Bearer ${client.admin}` }
  for (const path of guarded) {
    for (const headers of [{}, wrong, admin]) {
      const answer = await client.callWith({})('GET', path, { headers })
      expect(answer, path).toMatchObject({ status: 401, code: 'unauthorized' })
    }
    expect(await nobody('GET', path), path).toMatchObject({ status: 403, code: 'forbidden' })
  }
})

it('what is for everybody needs no password, and tells nothing of a shop', async () => {
  await client.option()
  for (const path of addresses.filter((path) => open.test(path))) {
    const answer = await client.call('GET', path)
    expect(answer.status, path).toBe(200)
    expect(JSON.stringify(answer.body)).not.toContain(client.shop)
  }
})

it('nobody is an operator beyond this machine without a password', () => {
  expect(operatorsOf(loadConfig({}))).toBe('everybody')
  const elsewhere = { HOST: '0.0.0.0', JWT_SECRET: 'x'.repeat(32) }
  expect(operatorsOf(loadConfig(elsewhere))).toBe('nobody')
  expect(operatorsOf(loadConfig({ REDIS_URL: 'redis://127.0.0.1' }))).toBe('nobody')
})

it('servers of somebody are used by nobody who has no key of tokens', async () => {
  const given = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
  await expect(resolveServices(loadConfig(given))).rejects.toThrow(/JWT_SECRET/)
})
