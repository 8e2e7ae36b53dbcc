import type { Books } from '../books.ts'
import type { Operation } from './operations.ts'
import { groupBy, type Violation } from './violation.ts'

/**
 * A line of a cart is what was accepted last. A change without an answer may stand instead, and so it may after it,
 * because it has no key and may arrive late. An order of the cart leaves it empty.
 */
export function checkCarts(operations: readonly Operation[], books: Books): Violation[] {
  const place = (userId: string, optionId: string) => `${optionId} of ${userId}`
  const changes = groupBy(
    operations.filter(({ intent }) => intent.kind === 'cart'),
    ({ intent }) => place(intent.userId, String(intent.subject)),
  )
  const cartOrders = new Map(
    operations
      .filter(({ intent }) => intent.kind === 'order' && intent.body?.fromCart === true)
      .map((operation) => [operation.intent.userId, operation.fate]),
  )
  const lines = new Map(
    books.cartLines.map(({ userId, optionId, quantity }) => [place(userId, optionId), quantity]),
  )
  return [...changes].flatMap(([name, group]) => {
    const { intent } = group.at(-1) as Operation
    const accepted = group.filter(({ fate }) => fate === 'ok')
    const ordered = cartOrders.get(intent.userId)
    const last = ordered === 'ok' ? 0 : (accepted.at(-1)?.intent.body?.quantity ?? 0)
    const uncertain = group.filter(({ attempts }) =>
      attempts.some(({ outcome }) => outcome !== 'ok' && outcome !== 'refused'),
    )
    const possible = new Set([
      last,
      ...uncertain.map(({ intent: { body } }) => body?.quantity),
      ...(ordered === 'unknown' ? [0] : []),
    ])
    const quantity = lines.get(name) ?? 0
    if (possible.has(quantity)) return []
    const text = `line ${name} has ${quantity}, must be ${[...possible].join(' or ')}`
    return [{ check: 'carts', text, operation: intent.operation, userId: intent.userId }]
  })
}
