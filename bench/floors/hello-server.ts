import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { fixedHeaders } from '../../src/http/reply.ts'

/** The floor of any answer: Hono's hello world on its own server for Node. */
const app = new Hono()
app.post('/', (c) => c.text('Hello Hono!'))

/** What a refusal says, but for its request id. */
const headers = { ...fixedHeaders, 'content-type': 'application/problem+json' }
const body = {
  detail: 'Sold out.',
  type: 'urn:stampede:problem:sold_out',
  title: 'Sold out',
  status: 409,
  code: 'sold_out',
}
const jsonBeforeId = `${JSON.stringify(body).slice(0, -1)},"requestId":"`
const knownTokens = new Map<string, { expiresAtMs: number }>()

/**
 * The least that a refusal has to do: see whose token it is and which coupon is meant, and say so under an id of its
 * own. Whether the token is good, the id is one and the user has a claim is not looked at, and nothing is counted.
 */
app.post('/v1/coupons/:id/claims', (c) => {
  const token = c.req.header('authorization')?.slice('Bearer '.length) ?? ''
  const known = knownTokens.get(token)
  if (!known) knownTokens.set(token, { expiresAtMs: Date.now() + 3_600_000 })
  else if (known.expiresAtMs <= Date.now()) return c.text('', 401)
  if (!c.req.param('id')) return c.text('', 404)
  const requestId = randomUUID()
  return new Response(`${jsonBeforeId}${requestId}"}`, {
    status: 409,
    headers: { ...headers, 'x-request-id': requestId },
  })
})

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  process.stdout.write('listening\n'),
)
