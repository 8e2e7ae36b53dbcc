import type { Catalog } from './catalog.ts'
import type { Intent, Kind } from './journal.ts'
import type { ChaosRandom } from './random.ts'
import type { Fate, Sender } from './sender.ts'

/** Users who come again and again, also twice at once. */
const regulars = 20
const duplicateShare = 0.1
const reuseShare = 0.01

/** The requests of a visit on average, by which arrivals of visits become arrivals of requests. */
export const requestsPerVisit = 5.3

type Order = { id: string; status: string; items: { id: string; quantity: number }[] }
type Wish = Pick<Intent, 'kind' | 'method' | 'path'> & Partial<Intent>

/** What one visitor of the sale does, from arriving to leaving. */
export async function visit(
  number: number,
  { catalog, sender, random }: { catalog: Catalog; sender: Sender; random: ChaosRandom },
): Promise<void> {
  if (random.chance(0.06)) return adjustStock()
  const isRegular = random.chance(0.15)
  const userId = isRegular ? `regular-${random.between(1, regulars)}` : `visitor-${number}`
  if (random.chance(0.85)) await charge()
  const userCouponId = isRegular || random.chance(0.4) ? null : await claim()
  const order = await placeOrder()
  if (order === null) return
  if (random.chance(0.15))
    await send({ kind: 'read', method: 'GET', path: `/v1/orders/${order.id}` })
  const isPaid = order.status === 'COMPLETED' || (await finish(order))
  if (isPaid && random.chance(0.2)) await refund(order)
  if (random.chance(0.2))
    await send({ kind: 'read', method: 'GET', path: '/v1/me/balance/history' })

  /** Sends it with a key of its own where it takes one; some twice at once, some again with another body. */
  async function send(wish: Wish, otherBody?: Record<string, unknown>): Promise<Fate> {
    const isKeyed = otherBody !== undefined
    const intent = {
      ...{ userId, caller: userId, ...wish },
      ...(isKeyed && { key: `${wish.kind}-${number}` }),
    }
    const mayRepeat = isKeyed || wish.kind === 'claim'
    const times = mayRepeat && random.chance(duplicateShare) ? 2 : 1
    const fate = await sender.perform(intent, random, times)
    if (isKeyed && fate.outcome === 'ok' && random.chance(reuseShare)) {
      await sender.perform({ ...intent, kind: 'reuse', body: otherBody }, random)
    }
    return fate
  }

  async function charge(): Promise<void> {
    const path = `/v1/users/${userId}/charges`
    const amount = random.between(15, 60) * 100
    const wish = { method: 'POST', path, caller: 'operator', body: { amount } } as const
    await send({ kind: 'charge', ...wish }, { amount: amount + 1 })
  }

  async function claim(): Promise<string | null> {
    const { sharedCode, singleUse, coupons } = catalog
    const how = random.share()
    const base = { kind: 'claim' as const, method: 'POST' as const }
    const byCode = { ...base, path: '/v1/coupons/claims' }
    let wish: Wish
    if (how < 0.15) {
      wish = { ...byCode, subject: sharedCode.couponId, body: { code: sharedCode.code } }
    } else if (how < 0.3) {
      // Two visitors come with the same code.
      const code = singleUse.codes[Math.floor(number / 2) % singleUse.codes.length]
      wish = { ...byCode, subject: singleUse.couponId, body: { code } }
    } else {
      const subject = random.pick(coupons)
      wish = { ...base, subject, path: `/v1/coupons/${subject}/claims` }
    }
    const { outcome, body } = await send(wish)
    return outcome === 'ok' ? String(body?.userCouponId) : null
  }

  async function placeOrder(): Promise<Order | null> {
    const first = random.pick(random.chance(0.3) ? catalog.scarce : catalog.plenty)
    const second = random.pick(catalog.plenty)
    const optionIds = [...new Set(random.chance(0.25) ? [first, second] : [first])]
    const items = optionIds.map((optionId) => ({ optionId, quantity: random.between(1, 2) }))
    const fromCart = !isRegular && random.chance(0.12)
    if (fromCart) {
      for (const { optionId, quantity } of items) {
        const path = `/v1/me/cart/items/${optionId}`
        const body = { quantity }
        const fate = await send({ kind: 'cart', method: 'PUT', path, subject: optionId, body })
        if (fate.outcome !== 'ok') return null
      }
    }
    const body = {
      ...(fromCart ? { fromCart } : { items }),
      ...(userCouponId !== null && { userCouponId }),
      pay: random.chance(0.5),
    }
    const wish = { kind: 'order' as const, method: 'POST' as const, path: '/v1/orders', body }
    const fate = await send(wish, { ...body, pay: !body.pay })
    return fate.outcome === 'ok' ? (fate.body as Order) : null
  }

  /** Pays or cancels a pending order, or lets it lapse. Returns whether it is paid. */
  async function finish(order: Order): Promise<boolean> {
    const how = random.share()
    if (how < 0.2) return false
    const [kind, action]: [Kind, string] =
      how < 0.7 ? ['payment', 'payment'] : ['cancellation', 'cancel']
    const path = `/v1/orders/${order.id}/${action}`
    const fate = await send({ kind, method: 'POST', path, subject: order.id })
    return kind === 'payment' && fate.outcome === 'ok'
  }

  async function refund(order: Order): Promise<void> {
    const [item] = order.items
    const isPart = item !== undefined && random.chance(0.5)
    const items = isPart ? [{ orderItemId: item.id, quantity: 1 }] : undefined
    const body = { ...(items && { items }), restock: random.chance(0.7) }
    const wish = { kind: 'refund' as const, method: 'POST' as const, caller: 'operator', body }
    const path = `/v1/orders/${order.id}/refunds`
    await send({ ...wish, path, subject: order.id }, { ...body, restock: !body.restock })
  }

  async function adjustStock(): Promise<void> {
    const optionId = random.pick([...catalog.scarce, ...catalog.plenty])
    const change = random.chance(0.7) ? random.between(5, 20) : -random.between(1, 10)
    const intent = {
      kind: 'adjustment' as const,
      ...{ userId: 'operator', caller: 'operator', method: 'POST' as const, subject: optionId },
      path: `/v1/options/${optionId}/stock-adjustments`,
      key: `adjustment-${number}`,
      // The reason is the only thing by which its row can be told from others.
      body: { change, reason: `adjustment-${number}` },
    }
    await sender.perform(intent, random, random.chance(duplicateShare) ? 2 : 1)
  }
}
