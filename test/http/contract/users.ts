import { limits } from '../../../src/limits.ts'
import { value } from '../../support/sale.ts'
import { pageOf, type RouteContract, text, time } from './contract.ts'
import type { World } from './world.ts'

/** Users and their balances. */
export const userContracts = (world: World): RouteContract[] => [
  {
    route: 'POST /v1/users',
    auth: 'admin',
    refusals: ['user_exists', 'email_taken'],
    without: ['backlog_full'],
    async request(has) {
      const [id, other] = [world.newUser(), world.newUser()]
      const email = (userId: string) => `${userId}@example.com`
      const create = (body: object) => world.post('/v1/users', { token: world.admin, body })
      if (has('user_exists')) await create({ id, name: 'Ann', email: email(id) })
      if (has('email_taken')) await create({ id: other, name: 'Bob', email: email(other) })
      const body = { id, name: 'Ann', email: email(has('email_taken') ? other : id) }
      return { path: '/v1/users', body }
    },
    status: 201,
    answer: { id: text, name: 'Ann', email: text },
  },
  {
    route: 'GET /v1/me',
    auth: 'user',
    without: ['invalid_request'],
    request: async () => ({ path: '/v1/me', userId: await aNamedUser(world) }),
    status: 200,
    answer: { id: text, name: 'Ann', email: text, balance: 50 },
  },
  {
    route: 'GET /v1/users/{id}',
    auth: 'admin',
    refusals: ['user_not_found'],
    request: async (has) => ({
      path: `/v1/users/${has('user_not_found') ? 'nobody' : await aNamedUser(world)}`,
    }),
    status: 200,
    answer: { id: text, name: 'Ann', email: text, balance: 50 },
  },
  {
    route: 'GET /v1/me/balance',
    auth: 'user',
    without: ['invalid_request'],
    request: async () => ({ path: '/v1/me/balance', userId: await world.richUser(70) }),
    status: 200,
    answer: { balance: 70 },
  },
  {
    route: 'POST /v1/users/{id}/charges',
    auth: 'admin',
    key: true,
    refusals: ['idempotency_key_reused', 'balance_limit'],
    async request(has) {
      const userId = world.newUser()
      const path = `/v1/users/${userId}/charges`
      const key = world.newUser()
      if (has('idempotency_key_reused')) {
        await world.post(path, { token: world.admin, key, body: { amount: 1 } })
      }
      if (has('balance_limit')) await fillBalance(world, userId)
      return { path, key, body: { amount: 100 } }
    },
    status: 201,
    answer: { id: text, type: 'CHARGE', amount: 100, beforeAmount: 0, afterAmount: 100, at: time },
  },
  {
    route: 'GET /v1/me/balance/history',
    auth: 'user',
    without: ['shop_closed'],
    async request() {
      const { userId } = await world.anOrder({ quantity: 1, price: 300 })
      await world.drain()
      return { path: '/v1/me/balance/history', userId }
    },
    status: 200,
    answer: balanceHistory(),
  },
  {
    route: 'GET /v1/users/{id}/balance/history',
    auth: 'admin',
    refusals: ['user_not_found'],
    without: ['shop_closed'],
    async request(has) {
      const { userId } = await world.anOrder({ quantity: 1, price: 300 })
      await world.drain()
      return { path: `/v1/users/${has('user_not_found') ? 'nobody' : userId}/balance/history` }
    },
    status: 200,
    answer: balanceHistory(),
  },
]

/** Of a user who was charged 300 and spent it. */
function balanceHistory() {
  const change = { id: text, amount: 300, at: time }
  return pageOf(
    { ...change, type: 'DEDUCT', beforeAmount: 300, afterAmount: 0, orderId: text },
    { ...change, type: 'CHARGE', beforeAmount: 0, afterAmount: 300, orderId: null },
  )
}

/** A user whom an operator made, with a balance of 50. */
async function aNamedUser(world: World): Promise<string> {
  const id = world.newUser()
  const body = { id, name: 'Ann', email: `${id}@example.com` }
  await world.post('/v1/users', { token: world.admin, body })
  value(await world.charge(id, 50))
  return id
}

/** Charges a user until not one more minor unit fits. */
export async function fillBalance(world: World, userId: string): Promise<void> {
  let left = limits.balanceMax - (await world.balance(userId))
  while (left > 0) {
    const amount = Math.min(left, limits.chargeMax)
    value(await world.charge(userId, amount))
    left -= amount
  }
}
