import { createHmac, generateKeyPairSync } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { listen, openClient, secret, tokenOf } from './client.ts'

/* What RFC 8725 warns of, as far as test/http/auth.test.ts and signing-keys.test.ts do not have it. */

const client = await openClient()
const { shop, get, call } = client
const nowSeconds = Math.floor(Date.now() / 1_000)
const claims = { sub: 'alice', exp: nowSeconds + 3_600, shop }
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs any header and any text of a payload with the right secret. */
function sign(header: object, payload: object | string): string {
  const body = typeof payload === 'string' ? Buffer.from(payload).toString('base64url') : null
  const input = `${base64url(header)}.${body ?? base64url(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const hs256 = { alg: 'HS256', typ: 'JWT' }
const withClaims = (more: object) => sign(hs256, { ...claims, ...more })
const withText = (member: string) => sign(hs256, `{"sub":"alice","shop":"${shop}",${member}}`)

describe('the header of a token', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })

  it.each([
    ['a key of its own', { jwk }],
    ['an address of keys', { jku: 'http://127.0.0.1:1/keys' }],
    ['an address of certificates', { x5u: 'http://127.0.0.1:1/certificate' }],
    ['a certificate', { x5c: ['MIIB'] }],
    ['a path as the id of its key', { kid: '../../../../dev/null' }],
    ['a number as the id of its key', { kid: 7 }],
    ['a name of JavaScript as the id of its key', { kid: '__proto__' }],
  ])('may say %s, and nobody listens', async (_, more) => {
    expect((await get('/v1/me', sign({ ...hs256, ...more }, claims))).status).toBe(200)
    const forged = sign({ ...hs256, ...more }, { ...claims, sub: 'eve' }).replace(/.$/, '')
    expect((await get('/v1/me', forged)).status).toBe(401)
  })

  it.each([
    ['an algorithm of two', { alg: ['HS256', 'none'] }],
    ['an algorithm in another case', { alg: 'hs256' }],
    ['no algorithm', { typ: 'JWT' }],
    ['what must be understood and is not', { ...hs256, crit: ['b64'], b64: false }],
  ])('is refused with %s', async (_, header) => {
    expect((await get('/v1/me', sign(header, claims))).status).toBe(401)
  })
})

describe('the claims of a token', () => {
  it.each<[string, string]>([
    ['exp before 1970', withClaims({ exp: -1 })],
    ['exp zero', withClaims({ exp: 0 })],
    ['exp in a list', withClaims({ exp: [claims.exp] })],
    ['exp beyond all numbers', withText('"exp":1e999')],
    ['exp that is no number of JSON', withText('"exp":NaN')],
    ['exp a fraction of a second ago', withClaims({ exp: nowSeconds - 0.5 })],
    ['nbf as text', withClaims({ nbf: String(nowSeconds - 60) })],
    ['nbf in an hour', withClaims({ nbf: nowSeconds + 3_600 })],
    ['a role in a list', withClaims({ role: ['admin'] })],
    ['a role in another case', withClaims({ role: 'Admin' })],
    ['two users', withText(`"exp":${claims.exp},"sub":["alice","bob"]`)],
  ])('are refused: %s', async (_, token) => {
    expect(await get('/v1/me', token)).toMatchObject({ status: 401, code: 'unauthorized' })
  })

  it('are read as JSON has them: of two of one name the last, and no prototype', async () => {
    const token = sign(
      hs256,
      `{"sub":"eve","exp":${claims.exp},"shop":"${shop}","__proto__":{"role":"admin"},"sub":"alice"}`,
    )
    expect((await get('/v1/me', token)).body).toMatchObject({ id: 'alice' })
    expect((await get('/v1/users/alice', token)).code).toBe('forbidden')
  })
})

describe('where a token stands', () => {
  const token = tokenOf('alice', { shop })

  it('is the header alone: not the address, nor a cookie, nor a body', async () => {
    for (const path of [`/v1/me?access_token=${token}`, `/v1/me?token=${token}`]) {
      expect((await get(path)).status).toBe(401)
    }
    expect((await call('GET', '/v1/me', { headers: { cookie: `token=${token}` } })).status).toBe(
      401,
    )
    const body = { access_token: token }
    expect((await call('POST', '/v1/orders', { body })).status).toBe(401)
  })

  it.each(['bearer', 'BEARER', 'Bearer  '])('may be behind %j', async (scheme) => {
    const authorization = `${scheme} ${token}`
    expect((await call('GET', '/v1/me', { headers: { authorization } })).status).toBe(200)
  })

  it.each([`Bearer\t${token}`, `Bearer ${token},`, `Bearer "${token}"`, `Bearer,Bearer ${token}`])(
    'is not found in %j',
    async (authorization) => {
      expect((await call('GET', '/v1/me', { headers: { authorization } })).status).toBe(401)
    },
  )

  it('is one header and not two, whichever is right', async () => {
    const port = await listen(client.app)
    const ask = (...authorizations: string[]) => {
      const socket = connect(port, '127.0.0.1')
      const headers = authorizations.map((one) => `Authorization: Bearer ${one}\r\n`).join('')
      socket.write(`GET /v1/me HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n${headers}\r\n`)
      return text(socket)
    }
    const other = tokenOf('bob', { shop })
    expect(await ask(token)).toMatch(/^HTTP\/1.1 200 /)
    for (const two of [
      [token, other],
      [token, 'none'],
      ['none', token],
      [token, token],
    ]) {
      expect(await ask(...two)).toMatch(/^HTTP\/1.1 401 /)
    }
  })
})
