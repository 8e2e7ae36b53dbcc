import type { Books } from '../books.ts'
import type { Attempt } from '../journal.ts'
import { checkAnswers } from './answers.ts'
import { checkCarts } from './carts.ts'
import { checkClaims } from './claims.ts'
import { checkKeyed } from './keyed.ts'
import { operationsOf } from './operations.ts'
import { checkOrders } from './orders.ts'
import { checkSums } from './sums.ts'
import type { Violation } from './violation.ts'

/** Holds what the clients know against what Postgres has. What is lost or doubled comes first. */
export function checkJournal(attempts: readonly Attempt[], books: Books): Violation[] {
  const operations = operationsOf(attempts)
  return [
    ...checkKeyed(operations, books),
    ...checkClaims(operations, books),
    ...checkOrders(operations, books),
    ...checkCarts(operations, books),
    ...checkSums(books),
    ...checkAnswers(operations),
  ]
}
