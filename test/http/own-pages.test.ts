import { describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const password = 'a password of sixteen and more'
const authorization = `Basic ${btoa(`operator:${password}`)}`
const withPassword = client.callWith({ operators: { password } })
const here = 'http://127.0.0.1:3000'
/** Every address that an operator's password opens. */
const opened = client.app.routes
  .map(({ path }) => path.replace('/*', ''))
  .filter((path) => /^\/(ops|metrics|admin)(\/|$)/.test(path) && path !== '/ops/storm')

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const foreign: [how: string, headers: Record<string, string>][] = [
  ['a script', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['a script of another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
  ['a frame', { 'sec-fetch-site': 'cross-site', ...navigation, 'sec-fetch-dest': 'iframe' }],
  ['an old browser', { origin: 'https://evil.example' }],
  ['an old browser, of another port', { origin: 'http://127.0.0.1:3001' }],
  ['an old browser, from a file', { origin: 'null' }],
]

describe.each([...new Set(opened)])('%s', (path) => {
  it.each(foreign)("is not for somebody else's page, by %s", async (_, headers) => {
    const refused = { status: 403, code: 'forbidden' }
    const sent = { headers: { ...headers, authorization } }
    expect(await withPassword('GET', `${here}${path}`, sent)).toMatchObject(refused)
    // And not where the address of the machine is all that it takes.
    expect(await client.call('GET', `${here}${path}`, { headers })).toMatchObject(refused)
  })
})

it.each([
  ['a page of this server', { 'sec-fetch-site': 'same-origin' }],
  ['an old page of this server', { origin: here }],
  ['the same behind TLS', { origin: 'https://127.0.0.1:3000' }],
  ['the address bar', { 'sec-fetch-site': 'none', ...navigation }],
  ['a link on another page', { 'sec-fetch-site': 'cross-site', ...navigation }],
  ['no browser', {}],
])('what operators may see comes by %s', async (_, headers) => {
  const sent = { headers: { ...headers, authorization } }
  expect((await withPassword('GET', `${here}/ops/session`, sent)).status).toBe(200)
})

it('does not lock an operator out by the guesses of a page that he visits', async () => {
  const call = client.callWith({ operators: { password } })
  const guess = { authorization: `Basic ${btoa('operator:another password')}` }
  for (let sent = 0; sent <= limits.passwordGuessesMax; sent++) {
    const headers = { ...guess, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    expect((await call('GET', `${here}/metrics`, { headers })).status).toBe(403)
  }
  expect((await call('GET', `${here}/metrics`, { headers: { authorization } })).status).toBe(200)
})

describe('what changes something', () => {
  const posts = client.app.routes.filter(({ method }) => !['GET', 'ALL'].includes(method))
  const allowed = ['/shop/session']

  it('takes a token, which no browser sends by itself', async () => {
    const runStorm = vi.fn()
    const call = client.callWith({ runStorm })
    const headers = { authorization, 'sec-fetch-site': 'same-origin' }
    const answers = await Promise.all(
      posts
        .filter(({ path }) => !allowed.includes(path))
        .map(({ method, path }) =>
          call(method, `${here}${path.replaceAll(/:\w+/g, 'nothing')}`, { headers }),
        ),
    )
    expect(answers.length).toBeGreaterThan(20)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['unauthorized']))
    expect(runStorm).not.toHaveBeenCalled()
  })

  it.each(foreign)("or is not for somebody else's page, by %s", async (_, headers) => {
    for (const path of allowed) {
      const answer = await client.call('POST', `${here}${path}`, { headers })
      expect(answer).toMatchObject({ status: 403, code: 'forbidden' })
    }
  })

  it('sets no cookie and reads none', async () => {
    const headers = { cookie: `token=${client.admin}; authorization=Bearer ${client.admin}` }
    expect(await client.call('GET', '/v1/me', { headers })).toMatchObject({ status: 401 })
  })
})
