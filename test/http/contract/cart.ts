import { limits } from '../../../src/limits.ts'
import { value } from '../../support/sale.ts'
import { type RouteContract, text } from './contract.ts'
import type { World } from './world.ts'

const line = {
  optionId: text,
  productId: text,
  productName: 'Trainers',
  optionValue: 'M',
  status: 'ACTIVE',
  unitPrice: 1_000,
  quantity: 3,
  subtotal: 3_000,
  stock: 10,
  saleStartsAt: null,
  saleEndsAt: null,
}

/** The own cart. */
export const cartContracts = (world: World): RouteContract[] => [
  {
    route: 'GET /v1/me/cart',
    auth: 'user',
    without: ['invalid_request'],
    async request() {
      const userId = world.newUser()
      value(await world.setCart(userId, await world.option(), 3))
      return { path: '/v1/me/cart', userId }
    },
    status: 200,
    answer: { items: [line], total: 3_000 },
  },
  {
    route: 'PUT /v1/me/cart/items/{optionId}',
    auth: 'user',
    refusals: ['admission_required', 'option_not_found', 'cart_full'],
    async request(has) {
      const userId = world.newUser()
      const option = has('option_not_found') ? world.newUser() : await world.option()
      if (has('admission_required')) await world.openRoom({ kind: 'option', id: option })
      for (let lines = 0; has('cart_full') && lines < limits.cartItemsMax; lines++) {
        value(await world.setCart(userId, await world.option(), 1))
      }
      return { path: `/v1/me/cart/items/${option}`, userId, body: { quantity: 3 } }
    },
    status: 200,
    answer: { items: [line], total: 3_000 },
  },
  {
    route: 'DELETE /v1/me/cart/items/{optionId}',
    auth: 'user',
    refusals: ['option_not_found'],
    async request(has) {
      const userId = world.newUser()
      const [kept, removed] = [await world.option(), await world.option()]
      for (const option of [kept, removed]) value(await world.setCart(userId, option, 3))
      const path = `/v1/me/cart/items/${has('option_not_found') ? 'nothing' : removed}`
      return { path, userId }
    },
    status: 200,
    answer: { items: [line], total: 3_000 },
  },
]
