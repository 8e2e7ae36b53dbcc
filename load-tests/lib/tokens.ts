import { hmac } from 'k6/crypto'
import { SharedArray } from 'k6/data'
import { b64decode, b64encode } from 'k6/encoding'
import { shop } from './environment.ts'

/** Somebody who buys, and the token to do it with. */
export type Buyer = { id: string; token: string }

const header = b64encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' }), 'rawurl')

/** Ready-made tokens of users, one a line. They are shared, because every virtual user would read its own copy. */
const readyTokens = __ENV.TOKENS_FILE ? new SharedArray('tokens', readTokens) : null

function readTokens(): string[] {
  const tokens = open(__ENV.TOKENS_FILE as string)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (tokens.length === 0) throw new Error('TOKENS_FILE has no token.')
  return tokens
}

/** The token of an admin: a ready-made one, or one that is signed here. */
export function adminToken(): string {
  return __ENV.ADMIN_TOKEN || sign('k6-admin', 'admin')
}

/** The buyer with this number, counted from 0. With ready-made tokens they come again when all have been. */
export function buyerOf(run: string, number: number): Buyer {
  if (readyTokens === null) {
    const id = `${run}-${number}`
    return { id, token: sign(id, 'user') }
  }
  const token = readyTokens[number % readyTokens.length] as string
  return { id: subjectOf(token), token }
}

/** @throws Error where fewer tokens are ready than a scenario needs whose buyers come once. */
export function requireBuyers(count: number): void {
  if (readyTokens !== null && readyTokens.length < count) {
    const has = `TOKENS_FILE has ${readyTokens.length} tokens`
    throw new Error(`${has}, and ${count} buyers come in this run: make it smaller, or add tokens.`)
  }
}

/** Signs a token as the engine expects it, valid for an hour: k6 has no library for that, and none is needed. */
function sign(sub: string, role: 'user' | 'admin'): string {
  const secret = __ENV.JWT_SECRET
  if (!secret) throw new Error('JWT_SECRET is missing, or ADMIN_TOKEN and TOKENS_FILE.')
  const exp = Math.floor(Date.now() / 1_000) + 3_600
  const iss = __ENV.JWT_ISSUER || undefined
  const aud = __ENV.JWT_AUDIENCE || undefined
  const payload = b64encode(JSON.stringify({ sub, role, shop, exp, iss, aud }), 'rawurl')
  const signature = hmac('sha256', secret, `${header}.${payload}`, 'base64rawurl')
  return `${header}.${payload}.${signature}`
}

function subjectOf(token: string): string {
  const [, payload = ''] = token.split('.')
  return JSON.parse(b64decode(payload, 'rawurl', 's')).sub
}
