import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { fixedHeaders } from '../../src/http/reply.ts'

/** The floor of any answer: Hono's hello world on its own server for Node. */
const app = new Hono()
app.post('/', (c) => c.text('Hello Hono!'))

/** What a refusal says, made anew in every answer like hello world, but always the same. */
const headers = {
  ...fixedHeaders,
  'content-type': 'application/problem+json',
  'x-request-id': '3d2f8c1a-5a8e-4f0e-9d3c-7b1f0f5a9c11',
}
const body = JSON.stringify({
  detail: 'Sold out.',
  type: 'urn:stampede:problem:sold_out',
  title: 'Sold out',
  status: 409,
  code: 'sold_out',
  requestId: headers['x-request-id'],
})
app.post('/refusal', () => new Response(body, { status: 409, headers }))
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  process.stdout.write('listening\n'),
)
