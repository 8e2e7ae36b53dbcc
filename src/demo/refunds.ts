import type { OrderItemAnswer, RefundAnswer } from './answers.ts'
import type { RefundedPart, SoldOrder } from './books.ts'
import { visitInParallel } from './parallel.ts'
import type { BuyerPlan, Repeat } from './plan-buyer.ts'
import { buyersAtOnce, type Sale } from './sale.ts'
import { isAccepted, submit } from './submit.ts'

/** Pays back what the plan says, of what was bought and paid by now. */
export async function refundOrders(sale: Sale): Promise<void> {
  const buyers = new Map(sale.plan.buyers.map((buyer) => [sale.userId(buyer), buyer]))
  const paid = [...sale.books.orders.values()].filter(({ status }) => status === 'COMPLETED')
  await visitInParallel(paid, buyersAtOnce, async (order) => {
    const buyer = buyers.get(order.userId)
    if (buyer) await refundAsPlanned(sale, order, buyer)
  })
}

async function refundAsPlanned(sale: Sale, order: SoldOrder, buyer: BuyerPlan): Promise<void> {
  const { plan, repeat } = buyer.refund
  const key = `${sale.run}-refund-${buyer.number}`
  const [first] = order.placed.items
  if (first && (plan === 'part' || plan === 'in_parts')) {
    // A unit that does not come back.
    const parts = [partOf(sale, order, first, { quantity: 1, isRestocked: false })]
    const items = [{ orderItemId: first.id, quantity: 1 }]
    await refund(sale, order, {
      key: `${key}-part`,
      body: { items, restock: false },
      parts,
      repeat,
    })
  }
  if (plan === 'whole' || plan === 'in_parts') {
    const parts = order.placed.items
      .map((item) => ({ item, quantity: item.quantity - refundedUnits(order, item.id) }))
      .filter(({ quantity }) => quantity > 0)
      .map(({ item, quantity }) => partOf(sale, order, item, { quantity, isRestocked: true }))
    await refund(sale, order, { key, body: {}, parts, repeat })
    await submit(sale.client, sale.books, {
      ...requestOf(sale, order, `${key}-again`),
      body: {},
      repeat: 'never',
      refusals: ['nothing_to_refund'],
    })
  }
}

async function refund(
  sale: Sale,
  order: SoldOrder,
  wish: { key: string; body: unknown; parts: RefundedPart[]; repeat: Repeat },
): Promise<void> {
  const { client, books } = sale
  const { key, body, parts, repeat } = wish
  const answer = await submit<RefundAnswer>(client, books, {
    ...requestOf(sale, order, key),
    body,
    repeat,
    refusals: [],
  })
  if (answer === null || !isAccepted(answer)) return
  books.accepted.refunds += 1
  order.refunds.push(...parts)
  const isWhole = order.placed.items.every(
    (item) => refundedUnits(order, item.id) === item.quantity,
  )
  if (isWhole) order.status = 'REFUNDED'
  const due = parts.reduce((sum, { amount }) => sum + amount, 0)
  if (answer.body.amount === due) return
  const text = `order ${order.id}: ${answer.body.amount} was paid back, must be ${due}`
  books.faults.push({ promise: 'refunds', text })
}

function requestOf(sale: Sale, order: SoldOrder, key: string) {
  const path = `/v1/orders/${order.id}/refunds`
  return { method: 'POST', path, token: sale.adminToken, key } as const
}

/** What paying back so many more units of an item comes to. */
function partOf(
  sale: Sale,
  order: SoldOrder,
  item: OrderItemAnswer,
  { quantity, isRestocked }: { quantity: number; isRestocked: boolean },
): RefundedPart {
  const before = refundedUnits(order, item.id)
  return {
    orderItemId: item.id,
    option: sale.optionIds.indexOf(item.optionId),
    quantity,
    amount: refundDue(item, before + quantity) - refundDue(item, before),
    isRestocked,
  }
}

function refundedUnits({ refunds }: SoldOrder, orderItemId: string): number {
  return refunds
    .filter((part) => part.orderItemId === orderItemId)
    .reduce((sum, { quantity }) => sum + quantity, 0)
}

/**
 * What has been paid back of an item once `refunded` of its units have: the item's share of what was paid, to the unit
 * of money below. All units together get exactly what was paid for the item.
 */
export function refundDue(
  item: { subtotal: number; discountAmount: number; quantity: number },
  refunded: number,
): number {
  return Math.floor(((item.subtotal - item.discountAmount) * refunded) / item.quantity)
}
