/** The parts of the server's answers that the demo looks at; docs of the whole are in /openapi.json. */

export type OrderStatus = 'PENDING' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED' | 'REFUNDED'

export type OrderItemAnswer = {
  id: string
  optionId: string
  productId: string
  productName: string
  optionValue: string | null
  unitPrice: number
  quantity: number
  subtotal: number
  discountAmount: number
  refundedAmount: number
}

export type OrderAnswer = {
  id: string
  userId: string
  status: OrderStatus
  items: OrderItemAnswer[]
  originalAmount: number
  discountAmount: number
  finalAmount: number
  userCouponId: string | null
  payment: { amount: number; status: 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED' } | null
  expiresAt: string
  cancelledAt: string | null
}

export type ClaimAnswer = { userCouponId: string; rank: number; expiresAt: string | null }
export type UserCouponStatus = 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'
export type UserCouponAnswer = { userCouponId: string; status: UserCouponStatus }
export type ChargeAnswer = { id: string; amount: number }
export type RefundAnswer = { amount: number }
export type ProductAnswer = {
  id: string
  status: 'ACTIVE' | 'INACTIVE' | 'OUT_OF_STOCK'
  options: { id: string; price: number; stock: number }[]
}
export type CouponAnswer = { id: string; issuedQuantity: number; usedQuantity: number }
export type CartAnswer = { items: unknown[] }
export type PriceChangeAnswer = {
  optionId: string
  oldPrice: number
  newPrice: number
  reason: string | null
}
export type VerifyAnswer = {
  ok: boolean
  checks: { name: string; ok: boolean; off: unknown[] }[]
  backlog: number
}
