import type { CouponRecord } from '../../src/domain/events.ts'
import { limits } from '../../src/limits.ts'
import { type Answer, done, record, refused, replayed } from './answers.ts'
import {
  balanceOf,
  changeBalance,
  type Facts,
  isFuture,
  isPast,
  issuedOf,
  type Option,
  type Product,
  type Shop,
  type UserCoupon,
  unitsOf,
} from './model.ts'
import { cancel, order, pay, reap, refund } from './order-decisions.ts'
import type { Request } from './requests.ts'

/** Decides as docs/GUARANTEES.md and the headers of lua/*.lua say, one request after the other. */
export function decide(shop: Shop, request: Request): Answer {
  switch (request.ask) {
    case 'claim':
      return claim(shop, request)
    case 'claimByCode':
      return claimByCode(shop, request)
    case 'order':
      return recorded(shop, request) ?? order(shop, request)
    case 'pay':
      return pay(shop, request)
    case 'cancel':
      return cancel(shop, request)
    case 'refund':
      return recorded(shop, request) ?? refund(shop, request)
    case 'adjust':
      return recorded(shop, request) ?? adjust(shop, request)
    case 'charge':
      return recorded(shop, request) ?? charge(shop, request)
    case 'setCart':
      return setCart(shop, request)
    case 'updateProduct':
      return updateProduct(shop, request)
    case 'updateOption':
      return updateOption(shop, request)
    case 'updateCoupon':
      return updateCoupon(shop, request)
    case 'addCodes':
      return shop.coupons.has(request.couponId)
        ? addCodes(shop, request)
        : refused('coupon_not_found')
    case 'reap':
      return done({ reaped: reap(shop) })
    case 'expireCoupons':
      return done({ expired: expireCoupons(shop, request) })
  }
}

type As<Ask extends Request['ask']> = Extract<Request, { ask: Ask }>

/** The answer to a key that was used before. */
function recorded(shop: Shop, request: Request & { key: string }): Answer | undefined {
  const record = shop.records.get(request.key)
  if (!record || record.isForgotten) return undefined
  if (record.body !== JSON.stringify(request)) return refused('idempotency_key_reused')
  return replayed(record.first)
}

function claim(shop: Shop, { couponId, userId }: As<'claim'>): Answer {
  const coupon = shop.coupons.get(couponId)
  if (!coupon) return refused('coupon_not_found')
  if (coupon.status !== 'ACTIVE') return refused('coupon_inactive')
  if (isFuture(coupon.validFrom)) return refused('not_started')
  if (isPast(coupon.validUntil)) return refused('ended')
  if (coupon.codeRequired) return refused('code_required')
  const latest = latestAtLimit(shop, coupon, userId)
  return latest ? replayed(claimFacts(latest)) : issue(shop, coupon, userId)
}

function claimByCode(shop: Shop, { code, userId }: As<'claimByCode'>): Answer {
  const single = shop.codes.get(code)
  const coupon = single
    ? shop.coupons.get(single.couponId)
    : [...shop.coupons.values()].find((one) => one.code === code)
  if (coupon?.status !== 'ACTIVE') return refused('code_not_found')
  if (isFuture(coupon.validFrom) || isPast(coupon.validUntil)) return refused('code_not_found')
  if (single?.userCoupon && single.userCoupon.userId !== userId) return refused('code_not_found')
  const earlier = single?.userCoupon ?? latestAtLimit(shop, coupon, userId)
  return earlier ? replayed(claimFacts(earlier)) : issue(shop, coupon, userId, single)
}

function latestAtLimit(shop: Shop, coupon: CouponRecord, userId: string): UserCoupon | undefined {
  const own = issuedOf(shop, coupon.id).filter((one) => one.userId === userId)
  return own.length >= coupon.perUserLimit ? own.at(-1) : undefined
}

function issue(
  shop: Shop,
  coupon: CouponRecord,
  userId: string,
  single?: { userCoupon?: UserCoupon },
): Answer {
  const issued = issuedOf(shop, coupon.id).length
  if (issued >= coupon.totalQuantity) return refused('sold_out')
  const rank = issued + 1
  const id = `${coupon.id}.${rank}`
  const userCoupon: UserCoupon = {
    id,
    couponId: coupon.id,
    userId,
    rank,
    status: 'AVAILABLE',
    hasLapsed: false,
  }
  shop.userCoupons.set(id, userCoupon)
  shop.couponHistory.push({ user_coupon_id: id, action: 'ISSUED' })
  shop.events++
  if (single) single.userCoupon = userCoupon
  return done(claimFacts(userCoupon))
}

const claimFacts = ({ id, couponId, userId, rank }: UserCoupon): Facts => ({
  userCouponId: id,
  couponId,
  userId,
  rank,
})

function adjust(shop: Shop, request: As<'adjust'>): Answer {
  const { optionId, change } = request
  const option = shop.options.get(optionId)
  if (!option) return refused('option_not_found')
  if (unitsOf(shop, optionId).free + change < 0) reap(shop)
  const stock = unitsOf(shop, optionId).free + change
  if (stock < 0) return refused('insufficient_stock')
  if (stock > limits.stockMax) return refused('stock_limit')
  const product = shop.products.get(option.productId) as Product
  if (change > 0 && product.status === 'OUT_OF_STOCK') {
    product.status = 'ACTIVE'
    shop.events++
  }
  option.putIn += change
  shop.stockHistory.push({ option_id: optionId, type: 'ADJUST', change })
  return record(shop, request, { optionId, change, stock })
}

function charge(shop: Shop, request: As<'charge'>): Answer {
  const { userId, amount } = request
  if (balanceOf(shop, userId) + amount > limits.balanceMax) return refused('balance_limit')
  const { beforeAmount, afterAmount } = changeBalance(shop, { userId, type: 'CHARGE', amount })
  return record(shop, request, { userId, amount, beforeAmount, afterAmount })
}

function setCart(shop: Shop, { userId, optionId, quantity }: As<'setCart'>): Answer {
  if (!shop.options.has(optionId)) return refused('option_not_found')
  const cart = shop.carts.get(userId) ?? new Map<string, number>()
  if ((cart.get(optionId) ?? 0) === quantity) return replayed({})
  if (quantity === 0) cart.delete(optionId)
  else cart.set(optionId, quantity)
  shop.carts.set(userId, cart)
  shop.events++
  return done({})
}

function updateProduct(shop: Shop, { productId, changes }: As<'updateProduct'>): Answer {
  const product = shop.products.get(productId)
  if (!product) return refused('product_not_found')
  const { name, brand, description } = product
  if (!change(product, changes)) return replayed({})
  if (name !== product.name || brand !== product.brand || description !== product.description) {
    product.revision++
  }
  shop.events++
  return done({})
}

function updateOption(shop: Shop, { optionId, changes }: As<'updateOption'>): Answer {
  const option = shop.options.get(optionId)
  if (!option) return refused('option_not_found')
  const { reason, ...facts } = changes
  const changed: Option = { ...option }
  const isChanged = change(changed, facts)
  if (isBackwards(changed.saleStartsAt, changed.saleEndsAt)) return refused('invalid_window')
  const { productId } = option
  if (!isChanged) return replayed({ productId })
  if (changed.price !== option.price) {
    shop.priceHistory.push({
      option_id: optionId,
      old_price: option.price,
      new_price: changed.price,
    })
  }
  shop.options.set(optionId, changed)
  shop.events++
  return done({ productId })
}

function updateCoupon(shop: Shop, { couponId, changes }: As<'updateCoupon'>): Answer {
  const coupon = shop.coupons.get(couponId)
  if (!coupon) return refused('coupon_not_found')
  const changed = { ...coupon }
  const isChanged = change(changed, changes)
  if (isBackwards(changed.validFrom, changed.validUntil)) return refused('invalid_window')
  if (changed.totalQuantity < issuedOf(shop, couponId).length) return refused('below_issued')
  if (!isChanged) return replayed({})
  shop.coupons.set(couponId, changed)
  shop.events++
  return done({})
}

/** Applies changes, where null takes a value away. Returns whether anything is different now. */
function change(facts: object, changes: object): boolean {
  const before = JSON.stringify(Object.entries(facts).sort())
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete (facts as Facts)[name]
    else (facts as Facts)[name] = value
  }
  return JSON.stringify(Object.entries(facts).sort()) !== before
}

const isBackwards = (startsAt: number | undefined, endsAt: number | undefined) =>
  startsAt !== undefined && endsAt !== undefined && startsAt >= endsAt

function addCodes(shop: Shop, { couponId, count }: As<'addCodes'>): Answer {
  shop.events++
  return done({ length: count }, (codes) => {
    for (const code of codes as unknown as string[]) shop.codes.set(code, { couponId })
  })
}

function expireCoupons(shop: Shop, { userCoupons }: As<'expireCoupons'>): number {
  const lapsed = userCoupons
    .map(({ id, userId }) => ({ userId, userCoupon: shop.userCoupons.get(id) }))
    .filter(({ userId, userCoupon }) => userCoupon?.userId === userId && userCoupon.hasLapsed)
    .filter(({ userCoupon }) => userCoupon?.status === 'AVAILABLE')
  for (const { userCoupon } of lapsed) {
    if (!userCoupon) continue
    userCoupon.status = 'EXPIRED'
    shop.couponHistory.push({ user_coupon_id: userCoupon.id, action: 'EXPIRED' })
    shop.events++
  }
  return lapsed.length
}
