import type { OrderAnswer, OrderStatus } from './answers.ts'
import type { LinePlan } from './plan-buyer.ts'

/** From the sending of a request until its answer, by the clock of `performance.now()`. */
export type Span = { sentAt: number; answeredAt: number }

/** An order that the server accepted, and what has to become of it. */
export type SoldOrder = {
  id: string
  userId: string
  lines: LinePlan[]
  fromCart: boolean
  /** The status that the order must have once everything has settled. */
  status: OrderStatus
  /** The first answer. */
  placed: OrderAnswer
  /** When it was placed, which tells the prices that it may have. */
  span: Span
  /** Position of its coupon; null without one. */
  coupon: number | null
  /** The amount that the buyer insisted on, if any. */
  statedAmount: number | null
  /** What was paid back, part by part. */
  refunds: RefundedPart[]
}

/** Units of one item that were paid back; `option` is the position of its option. */
export type RefundedPart = {
  orderItemId: string
  option: number
  quantity: number
  amount: number
  isRestocked: boolean
}

/** A user's coupon; `coupon` is the position of what it was issued of. */
export type IssuedCoupon = {
  coupon: number
  userCouponId: string
  rank: number
  expiresAt: string | null
}

/** What the demo sent and was told: its own books, kept apart from the server's, to compare the two at the end. */
export type Books = {
  /** Requests that buy, charge, pay back or restock, and their repetitions; reading along is not counted. */
  attempted: number
  /** Effects, each counted once however often it was requested. */
  accepted: {
    charges: number
    claims: number
    orders: number
    payments: number
    cancels: number
    refunds: number
  }
  /** Accepted answers to a request that was repeated. */
  repeated: number
  refused: Map<string, number>
  /** Requests without an answer, whose effect is therefore unknown. */
  unknown: number
  acceptedMs: number[]
  refusedMs: number[]
  /** From the answer until the row can be read from Postgres, of some of the charges. */
  lagsMs: number[]
  /** What contradicted the contract, in words, by the promise that it broke. */
  faults: { promise: DemoPromise; text: string }[]
  /** User id → amount charged. */
  charged: Map<string, number>
  /** User id → the user's coupon. */
  claims: Map<string, IssuedCoupon>
  orders: Map<string, SoldOrder>
  /** Position of an option → the change of its price. */
  repriced: Map<number, Span & { price: number }>
  /** Position of an option → units that came in. */
  restocked: Map<number, number>
  /** The newest charge, for whoever measures how long its row takes. */
  newestCharge: { id: string; userId: string; answeredAt: number } | null
}

/** The promises that the demo checks on the way, answer by answer. */
export type DemoPromise =
  | 'answers'
  | 'refusals'
  | 'repeats'
  | 'reused keys'
  | 'late payments'
  | 'prices'
  | 'pause'
  | 'lapsed coupons'
  | 'refunds'

export function openBooks(): Books {
  return {
    attempted: 0,
    accepted: { charges: 0, claims: 0, orders: 0, payments: 0, cancels: 0, refunds: 0 },
    repeated: 0,
    refused: new Map(),
    unknown: 0,
    acceptedMs: [],
    refusedMs: [],
    lagsMs: [],
    faults: [],
    charged: new Map(),
    claims: new Map(),
    orders: new Map(),
    repriced: new Map(),
    restocked: new Map(),
    newestCharge: null,
  }
}

/** Whether the order was paid, whatever was paid back of it later. */
export function isPaid({ status }: SoldOrder): boolean {
  return status === 'COMPLETED' || status === 'REFUNDED'
}

/** Units that went out in paid orders and did not come back, by the position of their option. */
export function unitsSold(books: Books): Map<number, number> {
  const sold = new Map<number, number>()
  const add = (option: number, units: number) => sold.set(option, (sold.get(option) ?? 0) + units)
  for (const order of books.orders.values()) {
    if (!isPaid(order)) continue
    for (const { option, quantity } of order.lines) add(option, quantity)
    for (const { option, quantity, isRestocked } of order.refunds)
      if (isRestocked) add(option, -quantity)
  }
  return sold
}

export function totalUnits(units: Map<number, number>): number {
  return [...units.values()].reduce((sum, count) => sum + count, 0)
}

/** What was paid back of an order so far. */
export function refundedAmount(order: SoldOrder): number {
  return order.refunds.reduce((sum, { amount }) => sum + amount, 0)
}
