import type { CouponChanges } from '../../src/engine/update-coupon.ts'
import type { OptionChanges } from '../../src/engine/update-option.ts'
import type { ProductChanges } from '../../src/engine/update-product.ts'

/** What somebody asks of the shop. A request with a key can be repeated: equal requests are one. */
export type Request =
  | { ask: 'claim'; userId: string; couponId: string }
  | { ask: 'claimByCode'; userId: string; code: string }
  | OrderRequest
  | { ask: 'pay' | 'cancel'; userId: string; orderId: string }
  | RefundRequest
  | { ask: 'adjust'; key: string; optionId: string; change: number }
  | { ask: 'charge'; key: string; userId: string; amount: number }
  | { ask: 'setCart'; userId: string; optionId: string; quantity: number }
  | { ask: 'updateProduct'; productId: string; changes: ProductChanges }
  | { ask: 'updateOption'; optionId: string; changes: OptionChanges }
  | { ask: 'updateCoupon'; couponId: string; changes: CouponChanges }
  | { ask: 'addCodes'; couponId: string; count: number }
  | { ask: 'reap' }
  | { ask: 'expireCoupons'; userCoupons: { id: string; userId: string }[] }

export type OrderRequest = {
  ask: 'order'
  key: string
  userId: string
  /** Option ids with their quantities. */
  lines: Record<string, number> | 'cart'
  userCouponId?: string | undefined
  expectedAmount?: number | undefined
  pay: boolean
}

export type RefundRequest = {
  ask: 'refund'
  key: string
  orderId: string
  /** Order item ids with their quantities; none stand for all that is left. */
  parts: Record<string, number>
  restock: boolean
}

/** The same key with another body: a mistake of the client. */
export function withOtherBody(request: Request): Request {
  switch (request.ask) {
    case 'order':
      return { ...request, pay: !request.pay }
    case 'refund':
      return { ...request, restock: !request.restock }
    case 'adjust':
      // No adjustment is one by nothing.
      return { ...request, change: request.change === -1 ? 1 : request.change + 1 }
    case 'charge':
      return { ...request, amount: request.amount + 1 }
    default:
      return request
  }
}
