import type { Books } from '../books.ts'
import { effects, keyedId, type Operation, operationPart } from './operations.ts'
import { groupBy, type Violation } from './violation.ts'

/** The rows that one kind of operation leaves, by the id of the operation, and which facts its answer told. */
type Ledger = {
  kind: 'charge' | 'order' | 'refund' | 'adjustment'
  idOf(operation: Operation): string
  rows: { id: string; row: Record<string, unknown> }[]
  /** The members of the answer that the row must repeat. */
  facts: readonly string[]
}

/**
 * Everything that came with a key: what was accepted is there exactly once as it was answered, what was refused is not
 * there, what nobody knows is there once at most, and nothing is there that nobody asked for.
 */
export function checkKeyed(operations: readonly Operation[], books: Books): Violation[] {
  return ledgersOf(books).flatMap((ledger) => {
    const asked = operations.filter(({ intent }) => intent.kind === ledger.kind)
    const rows = groupBy(ledger.rows, ({ id }) => id)
    const known = new Set(asked.map(ledger.idOf))
    const unasked = [...rows.keys()].filter((id) => !known.has(id))
    return [
      ...asked.flatMap((operation) => compare(ledger, operation, rows.get(ledger.idOf(operation)))),
      ...unasked.map((id) => ({
        check: 'nothing unasked',
        text: `${ledger.kind} ${id} is there, and nobody asked for it`,
        ids: [id],
      })),
    ]
  })
}

function compare(
  { kind, idOf, facts }: Ledger,
  operation: Operation,
  rows: Ledger['rows'] = [],
): Violation[] {
  const { intent, fate, accepted } = operation
  const about = { operation: intent.operation, userId: intent.userId, ids: [idOf(operation)] }
  const [least, most] = effects[fate]
  const name = `${kind} ${intent.key}`
  if (rows.length < least) {
    return [{ check: 'accepted is kept', text: `${name} was accepted and is lost`, ...about }]
  }
  if (rows.length > most) {
    const text = `${name} (${fate}) is there ${rows.length} times: ${rows.map(({ row }) => row.id).join(', ')}`
    return [{ check: most === 0 ? 'refused has no effect' : 'one effect', text, ...about }]
  }
  const [stored] = rows
  const answer = accepted[0]?.body
  if (!stored || !answer) return []
  return facts
    .filter((fact) => stored.row[fact] !== answer[fact])
    .map((fact) => ({
      check: 'as answered',
      text: `${name}: ${fact} is ${stored.row[fact]}, answered was ${answer[fact]}`,
      ...about,
    }))
}

function ledgersOf(books: Books): Ledger[] {
  const byOperation = (row: { id: string }) => ({ id: operationPart(row.id), row })
  const idOf = ({ intent }: Operation) => keyedId(intent)
  return [
    {
      ...{ kind: 'charge', idOf },
      rows: books.history.filter(({ type }) => type === 'CHARGE').map(byOperation),
      facts: ['id', 'amount', 'beforeAmount', 'afterAmount'],
    },
    {
      ...{ kind: 'order', idOf },
      rows: books.orders.map(byOperation),
      facts: ['id', 'userId', 'originalAmount', 'discountAmount', 'finalAmount'],
    },
    {
      ...{ kind: 'refund', idOf },
      rows: books.refunds.map(byOperation),
      facts: ['id', 'orderId', 'userId', 'amount', 'restock'],
    },
    {
      kind: 'adjustment',
      idOf: ({ intent }) => String(intent.key),
      rows: books.stockChanges
        .filter(({ type }) => type === 'ADJUST')
        .map((row) => ({ id: String(row.reason), row })),
      facts: ['change'],
    },
  ]
}
