import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { fingerprint, operationId } from '../../src/domain/ids.ts'
import { createTokenVerifier } from '../../src/http/tokens.ts'
import { checkout } from './checkout.ts'
import { openPool } from './pool.ts'

/**
 * What a shop would write without this engine: Hono and Postgres alone. Tokens are verified and remembered by the
 * same code, because that is not what is compared.
 */
const pool = openPool(process.env.DATABASE_URL as string, Number(process.env.POOL_MAX))
const verifyToken = createTokenVerifier({
  JWT_SECRET: process.env.JWT_SECRET,
  JWKS_URL: undefined,
  JWT_ISSUER: undefined,
  JWT_AUDIENCE: undefined,
})
const orderSchema = z.strictObject({
  items: z
    .array(z.strictObject({ optionId: z.string().max(64), quantity: z.int().min(1).max(1_000) }))
    .min(1)
    .max(50),
  userCouponId: z.string().max(80).optional(),
  pay: z.literal(true),
})

const app = new Hono()
app.post('/v1/orders', async (c) => {
  const token = c.req.header('authorization')?.slice('Bearer '.length) ?? ''
  const caller = await verifyToken(token)
  if (!caller) return c.json({ code: 'unauthorized' }, 401)
  const idempotencyKey = c.req.header('idempotency-key')
  if (idempotencyKey === undefined) return c.json({ code: 'idempotency_key_required' }, 400)
  const body = orderSchema.safeParse(await c.req.json())
  if (!body.success) return c.json({ code: 'invalid_request' }, 400)
  const { userId, shop } = caller
  const outcome = await checkout(pool, {
    ...body.data,
    shop,
    userId,
    orderId: operationId({ shop, userId, route: 'POST /v1/orders', idempotencyKey }),
    fingerprint: fingerprint(body.data),
  })
  return outcome.placed ? c.json(outcome, 201) : c.json({ code: outcome.code }, 409)
})
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  process.stdout.write('listening\n'),
)
