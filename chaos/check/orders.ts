import { isDeepStrictEqual } from 'node:util'
import type { Books, ItemRow, OrderRow } from '../books.ts'
import { keyedId, type Operation, operationPart } from './operations.ts'
import { groupBy, type Violation } from './violation.ts'

type AnsweredItem = Pick<ItemRow, 'optionId' | 'quantity' | 'subtotal' | 'discountAmount'>

/** An order is where its payment, its cancellation or its deadline left it, and has the lines that were answered. */
export function checkOrders(operations: readonly Operation[], books: Books): Violation[] {
  const placed = operations.filter(({ intent }) => intent.kind === 'order')
  const placements = new Map(placed.map((operation) => [keyedId(operation.intent), operation]))
  const finishes = groupBy(
    operations.filter(({ intent: { kind } }) => kind === 'payment' || kind === 'cancellation'),
    ({ intent }) => String(intent.subject),
  )
  const payments = groupBy(books.payments, ({ orderId }) => orderId)
  const items = groupBy(books.items, ({ orderId }) => orderId)

  return books.orders.flatMap((order) => {
    const placement = placements.get(operationPart(order.id))
    const ended = finishes.get(order.id) ?? []
    const paid = payments.get(order.id) ?? []
    const isPaidAtOnce = placement?.intent.body?.pay === true || order.finalAmount === 0
    const texts = [
      ...describePayment(order, paid, isPaidAtOnce, ended),
      ...describeEnd(order, ended),
      ...describeItems(items.get(order.id) ?? [], placement),
    ]
    return texts.map((text) => ({
      check: 'orders',
      text: `order ${order.id} (${order.status}) ${text}`,
      userId: order.userId,
      ids: [order.id],
      ...(placement && { operation: placement.intent.operation }),
    }))
  })
}

function describePayment(
  order: OrderRow,
  payments: Books['payments'],
  isPaidAtOnce: boolean,
  ended: readonly Operation[],
): string[] {
  const isPaid = order.status === 'COMPLETED' || order.status === 'REFUNDED'
  if (payments.length !== (isPaid ? 1 : 0)) return [`has ${payments.length} payments`]
  const [payment] = payments
  if (payment && payment.amount !== order.finalAmount) {
    return [`was paid with ${payment.amount}, must be ${order.finalAmount}`]
  }
  const fates = ended.filter(({ intent }) => intent.kind === 'payment').map(({ fate }) => fate)
  if (!isPaid && (isPaidAtOnce || fates.includes('ok'))) return ['was paid, and is not']
  const mayBePaid = isPaidAtOnce || fates.some((fate) => fate !== 'refused')
  return isPaid && !mayBePaid ? ['is paid, and nobody paid it'] : []
}

function describeEnd(order: OrderRow, ended: readonly Operation[]): string[] {
  if (order.status === 'PENDING') return ['is past its deadline and still holds its units']
  const cancels = ended.filter(({ intent }) => intent.kind === 'cancellation')
  const isCancelled = order.status === 'CANCELLED'
  if (!isCancelled && cancels.some(({ fate }) => fate === 'ok')) return ['was cancelled']
  if (isCancelled && cancels.every(({ fate }) => fate === 'refused')) {
    return ['is cancelled, and nobody cancelled it']
  }
  const codes = ended.flatMap(({ attempts }) => attempts.map(({ code }) => code))
  const isExpired = order.status === 'EXPIRED'
  return !isExpired && codes.includes('order_expired') ? ['was said to have expired'] : []
}

function describeItems(rows: readonly ItemRow[], placement: Operation | undefined): string[] {
  const answered = placement?.accepted[0]?.body?.items as AnsweredItem[] | undefined
  if (!answered) return []
  const factsOf = (items: readonly AnsweredItem[]) =>
    items
      .map(({ optionId, quantity, subtotal, discountAmount }) =>
        [optionId, quantity, subtotal, discountAmount].join(' '),
      )
      .sort()
  return isDeepStrictEqual(factsOf(rows), factsOf(answered))
    ? []
    : ['has other lines than answered']
}
