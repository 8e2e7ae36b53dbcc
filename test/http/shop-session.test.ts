import { createDecoder } from 'fast-jwt'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { httpConfig, openClient } from './client.ts'

const client = await openClient()
const { shop } = client
const here = 'http://127.0.0.1:3000/shop/session'
const headers = { 'x-shop': shop }
const enter = (call = client.call, more: object = {}, address = here) =>
  call('POST', address, { headers: { ...headers, ...more } })
const claimsOf = createDecoder()

describe('a demo buyer', () => {
  it('is somebody new each time, a user of this shop with a balance, and nothing more', async () => {
    const [first, second] = await Promise.all([enter(), enter()])
    const tokens = [first.body.token, second.body.token]
    const claims = tokens.map((token) => claimsOf(token))
    expect(claims[0]).toMatchObject({ role: 'user', shop, sub: expect.stringMatching(/^demo-/) })
    expect(claims[0].sub).not.toBe(claims[1].sub)
    for (const token of tokens) {
      const { body } = await client.get('/v1/me/balance', token)
      expect(body).toEqual({ balance: limits.demoBuyerBalance })
      expect(await client.get('/v1/verify', token)).toMatchObject({ status: 403 })
    }
  })

  it('cannot be chosen: whatever is sent, the buyer is a new one', async () => {
    const body = { sub: 'operator', userId: 'operator', role: 'admin' }
    const answer = await client.call('POST', `${here}?sub=operator&role=admin`, { headers, body })
    expect(claimsOf(answer.body.token)).toMatchObject({
      role: 'user',
      sub: expect.stringMatching(/^demo-/),
    })
  })

  it.each([
    ['where operators have a password', { operators: { password: 'a password of operators' } }],
    ['where nobody is an operator', { operators: 'nobody' as const }],
    ['where no demo shop is wanted', { config: { ...httpConfig, SEED_DEMO: false } }],
    ['where this engine signs no tokens', { config: { ...httpConfig, JWT_SECRET: undefined } }],
  ])('is not to be had %s', async (_, others) => {
    const call = client.callWith(others)
    expect(await enter(call)).toMatchObject({ status: 403, code: 'forbidden' })
    expect((await call('GET', here)).body).toEqual({ hasDemoBuyers: false })
  })

  it('is made for a page of this server on this machine only', async () => {
    const elsewhere = 'http://shop.example/shop/session'
    expect((await enter(client.call, {}, elsewhere)).code).toBe('forbidden')
    expect((await client.call('GET', elsewhere)).body).toEqual({ hasDemoBuyers: false })
    expect((await client.call('GET', here)).body).toEqual({ hasDemoBuyers: true })
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await enter(client.call, { 'sec-fetch-site': site })).code).toBe('forbidden')
    }
    expect((await enter(client.call, { 'sec-fetch-site': 'same-origin' })).status).toBe(201)
  })
})
