/** The parts of the server's answers that the demo looks at; docs of the whole are in /openapi.json. */

export type OrderStatus = 'PENDING' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED'

export type OrderAnswer = {
  id: string
  userId: string
  status: OrderStatus
  items: { optionId: string; quantity: number; subtotal: number; discountAmount: number }[]
  originalAmount: number
  discountAmount: number
  finalAmount: number
  userCouponId: string | null
  payment: { amount: number } | null
  expiresAt: string
  cancelledAt: string | null
}

export type ClaimAnswer = { userCouponId: string; couponId: string; rank: number }
export type ChargeAnswer = { id: string; amount: number }
export type ProductAnswer = { id: string; options: { id: string; stock: number }[] }
export type CouponAnswer = { id: string; issuedQuantity: number; usedQuantity: number }
export type VerifyAnswer = {
  ok: boolean
  checks: { name: string; ok: boolean; off: unknown[] }[]
  backlog: number
}
