import type { Answer } from '../http/client.ts'

/** Who acts in a sale, and what their texts say: a test may mark them, to find them again where they must not be. */
export type Cast = {
  url: string
  tokenOf: (sub: string, role: 'user' | 'admin') => string
  /** Id of the buyer. */
  buyer: string
  name: string
  email: string
  /** The code that buyers share. */
  code: string
  /** How every idempotency key begins. */
  key: string
}

type Request = { method?: string; body?: object; by?: string; headers?: Record<string, string> }

/** Sends requests as people of the cast do: as an admin where nobody is named. */
export function openSender({ url, tokenOf, key }: Cast) {
  let keys = 0
  return async (path: string, request: Request = {}): Promise<Answer> => {
    const { body, by, headers, method = body ? 'POST' : 'GET' } = request
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokenOf(by ?? 'boss', by ? 'user' : 'admin')}`,
        'idempotency-key': `${key}-${++keys}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    const parsed = isJson ? JSON.parse(text) : text
    return { status: response.status, code: parsed.code, body: parsed, headers: response.headers }
  }
}

/**
 * One of everything that users and admins do in a sale: what is made, claimed, ordered, paid, given up, paid back and
 * changed, a waiting room, and reads of all of it.
 *
 * @returns what was answered, each by what it was.
 * @throws Error where anything of it is refused.
 */
export async function sellEverything(cast: Cast): Promise<Record<string, Answer>> {
  const send = openSender(cast)
  const { buyer: by, name, email, code } = cast
  const answers: Record<string, Answer> = {}
  const ask = async (what: string, path: string, request: Request = {}) => {
    const answer = await send(`/v1/${path}`, request)
    if (answer.status >= 400) throw new Error(`${what}: ${JSON.stringify(answer.body)}`)
    answers[what] = answer
    return answer.body
  }
  const post = (what: string, path: string, body: object, more: Request = {}) =>
    ask(what, path, { body, ...more })

  await post('user', 'users', { id: by, name, email })
  await post('charge', `users/${by}/charges`, { amount: 100_000 })
  const options = [{ optionValue: 'EU 40', price: 1_000, stock: 50 }]
  const product = await post('product', 'products', { name: 'Trainers', options })
  const [{ id: optionId }] = product.options
  const facts = { name: 'Fast', discountType: 'FIXED', discountValue: 100, totalQuantity: 20 }
  const coupon = await post('coupon', 'coupons', facts)
  await post('coupon with a code', 'coupons', { ...facts, code })
  const coded = await post('coupon with codes', 'coupons', { ...facts, codeRequired: true })
  const codes = await post('codes', `coupons/${coded.id}/codes`, { count: 2 })
  const claim = await post('claim', `coupons/${coupon.id}/claims`, {}, { by })
  await post('claim by a shared code', 'coupons/claims', { code }, { by })
  const [, single] = codes.split('\n')
  await post('claim by a single-use code', 'coupons/claims', { code: single }, { by })

  const items = [{ optionId, quantity: 2 }]
  const { userCouponId } = claim
  const paid = await post('order', 'orders', { items, pay: true, userCouponId }, { by })
  const held = await post('hold', 'orders', { items }, { by })
  await post('payment', `orders/${held.id}/payment`, {}, { by })
  const given = await post('second hold', 'orders', { items }, { by })
  await post('cancellation', `orders/${given.id}/cancel`, {}, { by })
  const part = [{ orderItemId: `${paid.id}.1`, quantity: 1 }]
  await post('refund', `orders/${paid.id}/refunds`, { items: part, restock: true })
  await post('stock', `options/${optionId}/stock-adjustments`, { change: 3, reason: 'count' })
  await post('price', `options/${optionId}`, { price: 900 }, { method: 'PATCH' })
  await post('text', `products/${product.id}`, { description: 'New' }, { method: 'PATCH' })
  await post('pause', `coupons/${coupon.id}`, { status: 'PAUSED' }, { method: 'PATCH' })
  await post('cart', `me/cart/items/${optionId}`, { quantity: 2 }, { by, method: 'PUT' })
  await post('order of the cart', 'orders', { fromCart: true, pay: true }, { by })

  const room = `options/${optionId}/waiting-room`
  await post('waiting room', room, { admitPerSecond: 100 }, { method: 'PUT' })
  const { pass } = await post('entry', `options/${optionId}/entry`, {}, { by })
  const headers = { 'x-admission': String(pass) }
  await post('order with a pass', 'orders', { items, pay: true }, { by, headers })
  await ask('end of the waiting room', room, { method: 'DELETE' })

  for (const path of [
    ...['products', 'products/popular', 'coupons/claimable', `products/${product.id}`],
    ...['me', 'me/balance', 'me/balance/history', 'me/coupons', 'me/orders', 'me/cart'],
    ...[`orders/${paid.id}`, `orders/${paid.id}/items`, `orders/${paid.id}/refunds`],
  ]) {
    await ask(path, path, { by })
  }
  for (const path of [
    ...['coupons', `coupons/${coupon.id}/history`, `products/${product.id}/price-history`],
    ...[`options/${optionId}/stock-history`, 'dead-letters', `users/${by}`],
    ...[`users/${by}/orders`, `users/${by}/coupons`, `users/${by}/balance/history`],
  ]) {
    await ask(path, path)
  }
  return answers
}
