/**
 * Whom and what the examples of the document are about, so that they tell one story: an operator puts trainers on sale
 * and a tenth off up for claims, alice gets both, and is paid back in the end. Each example stands beside the schema
 * that it shows.
 */
export const sample = {
  userId: 'alice',
  productId: 'w4k9z1trq7ox',
  optionId: 'p8m2c6xv0dsn',
  couponId: 'c5h0r9y2k7bu',
  /** The 17th claim of the coupon. */
  userCouponId: 'c5h0r9y2k7bu.17',
  orderId: '1a2310c1df4Q7rXb0mJt5uW9aKc2LeYhA',
  orderItemId: '1a2310c1df4Q7rXb0mJt5uW9aKc2LeYhA.1',
  paymentId: 'pay-1a2310c1df4Q7rXb0mJt5uW9aKc2LeYhA',
  requestId: '5bd2a1f4-0f0c-4c1e-9d53-8a6f1c0f7e21',
  idempotencyKey: '7f0c2f5e-6a1b-4b55-8f0a-2f8f6d3f9a10',
  cursor: 'MWEyMzEwYzFkZjQ',
  price: 9_900,
  /** A tenth of the price. */
  discount: 990,
  paid: 8_910,
  /** The day of the sale, and how it goes. */
  day: '2026-12-01',
  createdAt: '2026-12-01T09:30:00.000Z',
  startsAt: '2026-12-01T10:00:00.000Z',
  claimedAt: '2026-12-01T10:00:00.118Z',
  orderedAt: '2026-12-01T10:00:07.412Z',
  expiresAt: '2026-12-01T10:10:07.412Z',
  paidAt: '2026-12-01T10:00:31.906Z',
  refundedAt: '2026-12-03T08:15:42.350Z',
  endsAt: '2026-12-02T10:00:00.000Z',
} as const

/** A page of a list with more behind it, and the one of a list that has nothing. */
export const pageExamples = <Item>(items: Item[]) => ({
  first: { items, nextCursor: sample.cursor },
  empty: { items: [] as Item[], nextCursor: null },
})
