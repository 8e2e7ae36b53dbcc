import type { Books } from '../books.ts'
import { groupBy, sum, type Violation } from './violation.ts'

/** What must add up in Postgres, whatever the clients know. */
export function checkSums(books: Books): Violation[] {
  return [
    ...checkMoney(books),
    ...checkBalanceChains(books),
    ...checkStock(books),
    ...checkCoupons(books),
    ...checkDuplicates(books),
    ...books.deadLetters.map(({ eventId, type, error }) => ({
      check: 'no dead letters',
      text: `event ${eventId} (${type}): ${error}`,
    })),
  ]
}

/** Top-ups = balances + payments - refunds, for every user. */
function checkMoney({ history, balances, payments, refunds }: Books): Violation[] {
  const amount = (rows: { amount: number }[] = []) => sum(rows.map((row) => row.amount))
  const byUser = <Row extends { userId: string }>(rows: Row[]) => groupBy(rows, (row) => row.userId)
  const charges = byUser(history.filter(({ type }) => type === 'CHARGE'))
  const [paid, refunded, left] = [byUser(payments), byUser(refunds), byUser(balances)]
  const users = new Set([...charges.keys(), ...paid.keys(), ...refunded.keys(), ...left.keys()])
  return [...users].flatMap((userId) => {
    const charged = amount(charges.get(userId))
    const accounted =
      amount(left.get(userId)) + amount(paid.get(userId)) - amount(refunded.get(userId))
    const text = `${userId} was charged with ${charged}, accounted for are ${accounted}`
    return charged === accounted ? [] : [{ check: 'money', text, userId }]
  })
}

/** Every change begins where the one before it ended, and the last one ends at the balance. */
function checkBalanceChains({ history, balances }: Books): Violation[] {
  const amounts = new Map<string, number>()
  const gaps = history.flatMap(({ id, userId, beforeAmount, afterAmount }) => {
    const before = amounts.get(userId) ?? 0
    amounts.set(userId, afterAmount)
    const text = `change ${id} of ${userId} begins at ${beforeAmount}, the one before it ended at ${before}`
    return beforeAmount === before ? [] : [{ check: 'balance chain', text, userId }]
  })
  const ends = balances.flatMap(({ userId, amount }) => {
    const last = amounts.get(userId) ?? 0
    const text = `the balance of ${userId} is ${amount}, its last change ended at ${last}`
    return amount === last ? [] : [{ check: 'balance chain', text, userId }]
  })
  return [...gaps, ...ends]
}

/** Free + held + sold = all that was put in, and sold is what paid orders have and did not give back. */
function checkStock({ options, stockChanges, orders, items }: Books): Violation[] {
  const statuses = new Map(orders.map(({ id, status }) => [id, status]))
  return options.flatMap(({ id, stock, held, sold }) => {
    const put = stockChanges.filter(
      ({ optionId, type }) => optionId === id && (type === 'INITIAL' || type === 'ADJUST'),
    )
    const all = sum(put.map(({ change }) => change))
    const ordered = items
      .filter(({ optionId, orderId }) => {
        const status = statuses.get(orderId)
        return optionId === id && (status === 'COMPLETED' || status === 'REFUNDED')
      })
      .map(({ quantity, restocked }) => quantity - restocked)
    const texts = [
      ...(stock + held + sold === all ? [] : [`has ${stock} + ${held} + ${sold} units of ${all}`]),
      ...(sum(ordered) === sold ? [] : [`sold ${sold}, in paid orders are ${sum(ordered)}`]),
      ...(sold <= all && stock >= 0 && held >= 0 ? [] : [`sold ${sold} of ${all}`]),
    ]
    return texts.map((text) => ({ check: 'stock', text: `option ${id} ${text}`, ids: [id] }))
  })
}

function checkCoupons({ coupons, userCoupons }: Books): Violation[] {
  return coupons.flatMap(({ id, total, issued }) => {
    const ranks = userCoupons
      .filter(({ couponId }) => couponId === id)
      .map(({ rank }) => rank)
      .sort((one, other) => one - other)
    const isGapless = ranks.every((rank, index) => rank === index + 1)
    if (isGapless && ranks.length === issued && issued <= total) return []
    const text = `coupon ${id} says ${issued} of ${total} issued; ranks are ${ranks.length}, last ${ranks.at(-1)}`
    return [{ check: 'coupons', text, ids: [id] }]
  })
}

function checkDuplicates({ orders, payments, refunds, history, userCoupons }: Books): Violation[] {
  const tables = { orders, payments, refunds, history, userCoupons }
  return Object.entries(tables).flatMap(([table, rows]) =>
    [...groupBy(rows as { id: string }[], ({ id }) => id)]
      .filter(([, group]) => group.length > 1)
      .map(([id]) => ({
        check: 'no duplicates',
        text: `${table}: ${id} is there twice`,
        ids: [id],
      })),
  )
}
