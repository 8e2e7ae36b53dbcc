import fc from 'fast-check'
import type { Shop } from './books.ts'

const users = ['ada', 'bob', 'cleo']

/** What one step does; `n` picks the user, the quantity and what it is about. */
export const saleStep = fc.record({
  act: fc.constantFrom(
    ...['order', 'order', 'buy', 'buy', 'cart', 'cart order', 'pay', 'cancel', 'lapse', 'refund'],
    ...['part', 'lost', 'claim', 'claim', 'code', 'adjust', 'charge', 'text', 'price', 'drain'],
  ),
  n: fc.nat({ max: 1_000 }),
})

type Place = { options: string[]; productId: string; coupons: string[]; codes: string[] }

/** A shop with products, coupons, codes and users. */
export async function prepareSale(shop: Shop): Promise<Place> {
  const limited = { stock: 20, perUserLimit: 6 }
  const product = await shop.product([{ stock: 20 }, limited, { price: 0, stock: 9 }])
  const several = await shop.coupon({ perUserLimit: 3, totalQuantity: 20 })
  const lost = await shop.coupon({ restoreOnCancel: false, code: `once-${several}` })
  const byCode = await shop.coupon({ codeRequired: true, perUserLimit: 2 })
  const codes = await shop.addCodes(byCode, 4)
  for (const user of users) await shop.charge(user, 20_000)
  return {
    options: product.options.map(({ id }) => id),
    productId: product.id,
    coupons: [several, lost, byCode],
    codes: codes.ok ? codes.value : [],
  }
}

/** Takes one step, also where it is refused. */
export async function takeStep(
  shop: Shop,
  place: Place,
  ids: string[],
  { act, n }: { act: string; n: number },
) {
  const user = users[n % users.length] as string
  const option = place.options[n % 3] as string
  const coupon = place.coupons[n % 2] as string
  const quantity = 1 + (n % 4)
  const id = ids[n % Math.max(ids.length, 1)] ?? ''
  const owner = users.find((one) => id.endsWith(one)) ?? ''
  const orderId = id.slice(0, -owner.length)
  const facts = {
    ...(n % 2 === 0 && { userCouponId: `${place.coupons[n % 3]}.${quantity}` }),
    pay: act === 'buy' || n % 5 === 0,
  }
  const note = async (order: ReturnType<Shop['order']>) => {
    const outcome = await order
    if (outcome.ok) ids.push(outcome.value.id + user)
  }
  switch (act) {
    case 'order':
    case 'buy':
      return note(shop.order(user, { [option]: quantity, [place.options[0] as string]: 1 }, facts))
    case 'cart':
      return shop.setCart(user, option, n % 5)
    case 'cart order':
      return note(shop.order(user, 'cart', facts))
    case 'lapse':
      await note(shop.order(user, { [option]: 1 }, facts, shop.engineWith({ holdMs: 0 })))
      return shop.reap()
    case 'pay':
      return shop.pay(owner, orderId)
    case 'cancel':
      return shop.cancel(owner, orderId)
    case 'refund':
      return shop.refund(orderId)
    case 'part':
    case 'lost':
      return shop.refund(orderId, { [`${orderId}.1`]: 1 }, { restock: act === 'part' })
    case 'claim':
      return shop.claim(coupon, user)
    case 'code':
      return shop.claimByCode(place.codes[n % 4] ?? `ONCE-${coupon}`, user)
    case 'adjust':
      return shop.adjust(option, (n % 9) - 4 || 1)
    case 'charge':
      return shop.charge(user, n + 1)
    case 'text':
      return shop.updateProduct(
        place.productId,
        n % 2 ? { name: `n ${n}` } : { description: `${n}` },
      )
    case 'price':
      return shop.updateOption(option, { price: n, perUserLimit: n % 3 ? 5 : null })
    case 'drain':
      return shop.drain()
  }
}
