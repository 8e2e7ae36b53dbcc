import { hmac } from 'k6/crypto'
import { b64encode } from 'k6/encoding'

const header = b64encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' }), 'rawurl')

/** Signs a token as the server expects it, valid for an hour: k6 has no library for that, and none is needed. */
export function signToken(sub: string, role: 'user' | 'admin' = 'user'): string {
  const secret = __ENV.JWT_SECRET
  if (!secret) throw new Error('JWT_SECRET is missing: `npm run load -- SCENARIO` passes it on.')
  const exp = Math.floor(Date.now() / 1_000) + 3_600
  const payload = b64encode(JSON.stringify({ sub, role, exp }), 'rawurl')
  const signature = hmac('sha256', secret, `${header}.${payload}`, 'base64rawurl')
  return `${header}.${payload}.${signature}`
}
