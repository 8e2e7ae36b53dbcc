import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { verify } from '../../src/verify/verify.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { openClient } from './client.ts'

/*
 * Texts that mean something to one of the stores, formats and pages that they go through. They are texts and nothing
 * else: each comes out as it went in, from Redis, from Postgres, and from a Redis that was rebuilt from Postgres.
 */

const client = await openClient()
const { admin, shop, redis } = client
const { orm } = client.dependencies

const hostileTexts = [
  '{other}:options',
  'a:b#c|d,e;f',
  `'; drop table products; --`,
  `\\' \\\\ " \` $1 ? :name @@ {{x}} \${y}`,
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '=HYPERLINK("http://evil.example","x")',
  '+1-1@SUM(A1)',
  '"quoted", and, more',
  '\u202e\u2066 right to left \u200f',
  'e\u0301 \u00e9 \ufeff \ufffd \u2028 \u2029',
  '🏃‍♀️👟 𝒔𝒂𝒍𝒆 𐍈',
  'null',
  '0x10',
  '-- @include',
  '%s %d %n %00',
  '../../../etc/passwd',
  '__proto__',
]
const refusedTexts = ['a\u0000b', 'a\r\nSet-Cookie: x=1', 'a\u001b[31m', '\ud800', ' \t ', '']

let users = 0
const create = (path: string, body: object) =>
  client.post(`/v1/${path}`, { token: admin, body, key: `create-${++users}` })
const patch = (path: string, body: object) =>
  client.call('PATCH', `/v1/${path}`, { token: admin, body })
const drain = () => drainOutbox({ orm, redis, shop })

/** Sends a text through every field that takes one, and answers what comes back by its name. */
async function through(text: string) {
  const option = { price: 0, stock: 5, optionValue: text }
  const product = await create('products', {
    name: text,
    brand: text,
    description: text,
    options: [option],
  })
  const optionId = product.body.options?.[0]?.id
  const coupon = await create('coupons', {
    name: text,
    discountType: 'FIXED',
    discountValue: 1,
    totalQuantity: 1,
  })
  const user = await create('users', { id: `user-${++users}`, name: text })
  return { product, coupon, user, optionId }
}

async function expectTrue(text: string, productId: string, couponId: string, optionId: string) {
  const product = (await client.get(`/v1/products/${productId}`, admin)).body
  expect(product).toMatchObject({ name: text, brand: text, description: text })
  expect(product.options[0].optionValue).toBe(text)
  expect((await client.get(`/v1/coupons/${couponId}`, admin)).body.name).toBe(text)
  const buyer = `buyer-${++users}`
  const order = await client.placeOrder(buyer, { items: [{ optionId, quantity: 1 }] })
  expect(order.body.items[0]).toMatchObject({ productName: text, optionValue: text })
}

describe('a text that means something elsewhere', () => {
  it.each(hostileTexts)('comes out as it went in: %s', async (text) => {
    const { product, coupon, user, optionId } = await through(text)
    expect([product.status, coupon.status, user.status]).toEqual([201, 201, 201])
    expect(user.body.name).toBe(text)
    await expectTrue(text, product.body.id, coupon.body.id, optionId)

    const adjusted = await create(`options/${optionId}/stock-adjustments`, {
      change: 1,
      reason: text,
    })
    expect(adjusted.status).toBe(201)
    expect((await patch(`options/${optionId}`, { price: 0, reason: text })).status).toBe(200)
    await drain()
    const { rows } = await sql`
      select name, brand, description from products where id = ${product.body.id}`.execute(
      databaseOf(orm),
    )
    expect(rows).toEqual([{ name: text, brand: text, description: text }])
    const { body } = await client.get(`/v1/options/${optionId}/stock-history`, admin)
    expect(body.items.map(({ reason }: { reason: string }) => reason)).toContain(text)
    expect((await client.get(`/v1/users/${user.body.id}`, admin)).body.name).toBe(text)
  })

  it.each(refusedTexts)('is refused where it is no text for people: %j', async (text) => {
    const { product, coupon, user } = await through(text)
    for (const answer of [product, coupon, user]) {
      expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    }
  })

  it('is the same after Redis was rebuilt, with the books in order', async () => {
    const made = []
    for (const text of hostileTexts) {
      const { product, coupon, optionId } = await through(text)
      made.push({ text, productId: product.body.id, couponId: coupon.body.id, optionId })
    }
    await drain()
    await rebuildShop({ redis, orm, shop })
    for (const { text, productId, couponId, optionId } of made) {
      await expectTrue(text, productId, couponId, optionId)
    }
    await drain()
    expect(await verify({ redis, orm }, shop)).toMatchObject({ ok: true })
  })

  it('is one whatever it is made of', async () => {
    const isTaken = /^[^\p{Cc}\p{Cs}]*$/u
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }), async (text) => {
        const { product, coupon, optionId } = await through(text)
        if (isTaken.test(text) && text.trim() !== '') {
          await expectTrue(text, product.body.id, coupon.body.id, optionId)
        } else {
          expect(product.status).toBe(400)
        }
      }),
      { numRuns: 30 },
    )
    await drain()
    expect(await verify({ redis, orm }, shop)).toMatchObject({ ok: true })
  })
})
