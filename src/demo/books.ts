import type { OrderAnswer, OrderStatus } from './answers.ts'
import type { LinePlan } from './plan.ts'

/** An order that the server accepted, and what has to become of it. */
export type SoldOrder = {
  id: string
  userId: string
  lines: LinePlan[]
  /** The status that the order must have once everything has settled. */
  status: OrderStatus
  /** The first answer. */
  placed: OrderAnswer
}

/** What the demo sent and was told: its own books, kept apart from the server's, to compare the two at the end. */
export type Books = {
  /** Requests of buyers and charges; reading along is not counted. */
  attempted: number
  /** Effects, each counted once however often it was requested. */
  accepted: { charges: number; claims: number; orders: number; payments: number; cancels: number }
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
  claims: Map<string, { userCouponId: string; rank: number }>
  orders: Map<string, SoldOrder>
  /** The newest charge, for whoever measures how long its row takes. */
  newestCharge: { id: string; userId: string; answeredAt: number } | null
}

/** The promises that the demo checks on the way, answer by answer. */
export type DemoPromise = 'answers' | 'refusals' | 'repeats' | 'reused keys' | 'late payments'

export function openBooks(): Books {
  return {
    attempted: 0,
    accepted: { charges: 0, claims: 0, orders: 0, payments: 0, cancels: 0 },
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
    newestCharge: null,
  }
}

/** Units in orders that are paid, by the position of their option. */
export function unitsSold(books: Books): Map<number, number> {
  const sold = new Map<number, number>()
  for (const order of books.orders.values()) {
    if (order.status !== 'COMPLETED') continue
    for (const { option, quantity } of order.lines) {
      sold.set(option, (sold.get(option) ?? 0) + quantity)
    }
  }
  return sold
}
