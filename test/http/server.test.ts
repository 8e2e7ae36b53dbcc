import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { listen, openClient } from './client.ts'

const client = await openClient()
const option = await client.option({ price: 0 })
const port = await listen(client.app)

/** Sends parts of a body as chunks, so without a length. */
async function sendChunks(path: string, parts: Iterable<string>, key: string) {
  const headers = {
    authorization: `Bearer ${client.user('alice')}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  }
  const outgoing = request({ port, path, method: 'POST', headers })
  // The server may hang up on a body that it does not want.
  outgoing.on('error', () => {})
  const answered = once(outgoing, 'response')
  for (const part of parts) outgoing.write(part)
  outgoing.end()
  const [response] = (await answered) as [IncomingMessage]
  const body = JSON.parse(await text(response))
  return { status: response.statusCode, code: body.code, headers: response.headers }
}

describe('over a real connection', () => {
  it('reads a body with and without a length', async () => {
    const body = JSON.stringify({ items: [{ optionId: option, quantity: 1 }] })
    const chunked = await sendChunks('/v1/orders', body.match(/.{1,7}/g) ?? [], 'chunked')
    expect(chunked.status).toBe(201)
    const response = await fetch(`http://127.0.0.1:${port}/v1/orders`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${client.user('alice')}`,
        'content-type': 'application/json',
        'idempotency-key': 'chunked',
      },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('idempotency-replayed')).toBe('true')
  })

  it('refuses a chunked body that is too large, on routes with a body and without', async () => {
    const parts = Array<string>(1_000).fill('x'.repeat(1_000))
    for (const path of ['/v1/orders', '/v1/coupons/x/claims']) {
      const answer = await sendChunks(path, parts, 'large')
      expect(answer).toMatchObject({ status: 413, code: 'body_too_large' })
    }
  })

  it('answers a claim that has no body at all', async () => {
    const coupon = await client.coupon()
    const answer = await sendChunks(`/v1/coupons/${coupon}/claims`, [], 'none')
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('application/json')
  })

  it('answers a bad escape in the path with a problem', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/products/%E0%A4%A`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_request' })
  })
})
