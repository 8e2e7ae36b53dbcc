import { expect, it, vi } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { openClient } from './client.ts'

const client = await openClient()

/** The application with a memory of its own, and how often it asked Redis for fields. */
function countReads() {
  const counts = { reads: 0 }
  const redis = new Proxy(client.redis, {
    get(target, name) {
      if (name === 'hmget') counts.reads += 1
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { counts, call: client.callWith({ redis }) }
}

it('reads a product once for a hundred who look at it', async () => {
  const { id: productId } = await client.product([{ stock: 5 }])
  const { counts, call } = countReads()
  const token = client.user('ada')
  const look = () => call('GET', `/v1/products/${productId}`, { token })
  const answers = await Promise.all(Array.from({ length: 100 }, look))
  for (const { status, body } of answers) expect([status, body.id]).toEqual([200, productId])
  expect(counts.reads).toBe(2)
})

it('shows what was done through this process at once, and what was done elsewhere soon', async () => {
  const { id: productId, options } = await client.product([{ stock: 5, price: 0 }])
  const optionId = options[0]?.id as string
  const stock = async () => {
    const { body } = await client.get(`/v1/products/${productId}`, client.user('ada'))
    return body.options[0].stock
  }
  expect(await stock()).toBe(5)
  await client.placeOrder('ada', { items: [{ optionId, quantity: 1 }] })
  expect(await stock()).toBe(4)

  await client.redis.hincrby(shopKey(client.shop, 'options'), `${optionId}:free`, -1)
  await vi.waitFor(async () => expect(await stock()).toBe(3))
})

it('shows the code of a coupon to admins, and never a copy of theirs to others', async () => {
  const { body } = await client.post('/v1/coupons', {
    token: client.admin,
    body: { name: 'Sale', code: 'HUSH', discountType: 'FIXED', discountValue: 1, totalQuantity: 1 },
  })
  const path = `/v1/coupons/${body.id}`
  for (let round = 0; round < 2; round += 1) {
    expect((await client.get(path, client.admin)).body.code).toBe('HUSH')
    expect((await client.get(path, client.user('ada'))).body.code).not.toBe('HUSH')
  }
})

it('does not hide a closed shop for longer than a copy lives', async () => {
  const { id: productId } = await client.product([{ stock: 5 }])
  const look = () => client.get(`/v1/products/${productId}`, client.user('ada'))
  expect((await look()).status).toBe(200)
  const key = shopKey(client.shop, 'products')
  await client.redis.rename(key, `${key}:away`)
  await vi.waitFor(async () => expect((await look()).code).toBe('shop_closed'))
  await client.redis.rename(`${key}:away`, key)
})
