import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigner } from 'fast-jwt'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTokenVerifier } from '../../src/http/tokens.ts'
import { limits } from '../../src/limits.ts'
import { httpConfig, openClient, secret, tokenOf } from './client.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

const jwk = (key: KeyObject, kid: string, more: object = {}) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  ...more,
})

/** What the server of the keys answers now, and how often it was asked. */
let published: { status: number; body: unknown; location?: string; isSlow?: boolean }
let asked = 0
const server = createServer((_, response) => {
  asked++
  const { status, body, location, isSlow } = published
  response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) })
  // The head of an answer, and nothing more.
  if (isSlow) response.flushHeaders()
  else response.end(JSON.stringify(body))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())
afterAll(() => server.closeAllConnections())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?v=1`

const keySet = [
  jwk(rsa.publicKey, 'rsa', { alg: 'RS256', use: 'sig' }),
  jwk(ec.publicKey, 'ec'),
  jwk(ed.publicKey, 'ed'),
  jwk(rsa.publicKey, 'for-encryption', { use: 'enc' }),
]

beforeEach(() => {
  published = { status: 200, body: { keys: keySet } }
  asked = 0
})

const client = await openClient({ config: { ...httpConfig, JWKS_URL: url } })
const { shop } = client

function sign(
  key: KeyObject,
  algorithm: string,
  kid: string | undefined,
  sub = 'alice',
  more: object = {},
) {
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
  const signer = createSigner({ key: pem, algorithm: algorithm as 'RS256', ...(kid && { kid }) })
  return signer({ sub, shop, exp: Math.floor(Date.now() / 1_000) + 3_600, ...more })
}

/** Each test needs an application that has seen no key yet. */
async function openFresh() {
  const { createApp } = await import('../../src/http/app.ts')
  const app = createApp(client.dependencies)
  return async (token: string) => {
    const response = await app.request('/v1/me/balance', {
      headers: { authorization: `Bearer ${token}` },
    })
    return { status: response.status, retryAfter: response.headers.get('retry-after') }
  }
}

describe('tokens of published keys', () => {
  it('accepts RS256, ES256 and EdDSA, and HS256 beside them, with one fetch', async () => {
    const ask = await openFresh()
    const tokens = [
      sign(rsa.privateKey, 'RS256', 'rsa'),
      sign(ec.privateKey, 'ES256', 'ec'),
      sign(ed.privateKey, 'EdDSA', 'ed'),
      tokenOf('alice', { shop }),
    ]
    for (const token of [...tokens, ...tokens]) expect((await ask(token)).status).toBe(200)
    expect(asked).toBe(1)
  })

  it.each<[string, () => string]>([
    ['no kid', () => sign(rsa.privateKey, 'RS256', undefined)],
    ['an unknown kid', () => sign(rsa.privateKey, 'RS256', '../rsa')],
    ['the kid of another key', () => sign(stranger.privateKey, 'RS256', 'rsa')],
    ['the kid of a key of another kind', () => sign(rsa.privateKey, 'RS256', 'ec')],
    ['a key for encryption', () => sign(rsa.privateKey, 'RS256', 'for-encryption')],
    ['another algorithm', () => sign(rsa.privateKey, 'PS256', 'rsa')],
    ['another hash', () => sign(rsa.privateKey, 'RS512', 'rsa')],
  ])('refuses %s', async (_, token) => {
    const ask = await openFresh()
    expect((await ask(token())).status).toBe(401)
  })

  it('never takes a public key for a secret', async () => {
    const ask = await openFresh()
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
    const { createHmac } = await import('node:crypto')
    const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${base64url({ alg: 'HS256', kid: 'rsa' })}.${base64url({
      sub: 'eve',
      exp: Math.floor(Date.now() / 1_000) + 3_600,
    })}`
    const forged = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
    expect((await ask(forged)).status).toBe(401)
  })

  it('fetches once for many made-up key ids', async () => {
    const ask = await openFresh()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => ask(sign(rsa.privateKey, 'RS256', `made-up-${n}`))),
    )
    expect(answers.every(({ status }) => status === 401)).toBe(true)
    // The first fetch, and one because a key was missing from it.
    expect(asked).toBeLessThanOrEqual(2)
  })

  it('answers 503 while there are no keys, and recovers by itself', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const ask = await openFresh()
      const token = sign(rsa.privateKey, 'RS256', 'rsa')
      published = { status: 500, body: 'down' }
      expect(await ask(token)).toEqual({ status: 503, retryAfter: '1' })
      published = { status: 200, body: { keys: keySet } }
      expect((await ask(token)).status).toBe(503)
      expect(asked).toBe(1)
      vi.advanceTimersByTime(limits.signingKeysCooldownMs)
      expect((await ask(token)).status).toBe(200)
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps its keys while their server is down, and finds new ones when it is back', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const ask = await openFresh()
      expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa', 'one'))).status).toBe(200)
      published = { status: 500, body: 'down' }
      vi.advanceTimersByTime(limits.signingKeysAgeMs)
      expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa', 'two'))).status).toBe(200)
      published = { status: 200, body: { keys: [jwk(stranger.publicKey, 'new')] } }
      vi.advanceTimersByTime(limits.signingKeysCooldownMs)
      expect((await ask(sign(stranger.privateKey, 'RS256', 'new'))).status).toBe(200)
      expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa', 'three'))).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('takes no keys from where their server sends it on to', async () => {
    const ask = await openFresh()
    published = { status: 302, body: {}, location: `${url}&again` }
    expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa'))).status).toBe(503)
    expect(asked).toBe(1)
  })

  it.each<[string, () => unknown]>([
    [
      'more bytes than may be',
      () => ({ keys: keySet, more: 'x'.repeat(limits.signingKeysBytesMax) }),
    ],
    ['more keys than may be', () => ({ keys: Array(limits.signingKeysMax + 1).fill(keySet[0]) })],
    ['no set of keys', () => ({ keys: 'rsa' })],
  ])('takes no keys from %s', async (_, body) => {
    const ask = await openFresh()
    published = { status: 200, body: body() }
    expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa'))).status).toBe(503)
  })

  it('takes the right one of as many keys as there may be', async () => {
    const ask = await openFresh()
    const others = Array.from({ length: limits.signingKeysMax - 1 }, (_, number) =>
      jwk(stranger.publicKey, `other-${number}`),
    )
    published = { status: 200, body: { keys: [...others, keySet[0]] } }
    expect((await ask(sign(rsa.privateKey, 'RS256', 'rsa'))).status).toBe(200)
  })

  it('waits for a server that does not come to its end no longer than its time', async () => {
    const ask = await openFresh()
    published = { status: 200, body: {}, isSlow: true }
    const waiting = Array.from({ length: 20 }, (_, number) =>
      ask(sign(rsa.privateKey, 'RS256', 'rsa', `waits-${number}`)),
    )
    const answers = await Promise.all(waiting)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(asked).toBe(1)
  })

  it('remembers verified tokens, but for very long ones', async () => {
    const verify = createTokenVerifier({ JWT_SECRET: secret, JWKS_URL: url } as typeof httpConfig)
    const isRemembered = async (sub: string, more: object) => {
      const token = sign(rsa.privateKey, 'RS256', 'rsa', sub, more)
      expect(await verify(token)).toMatchObject({ userId: sub })
      return !(verify(token) instanceof Promise)
    }
    expect(await isRemembered('short', {})).toBe(true)
    expect(await isRemembered('long', { more: 'x'.repeat(limits.tokenCacheLengthMax) })).toBe(false)
  })
})
