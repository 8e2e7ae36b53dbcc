import type { Books } from '../books.ts'
import type { Operation } from './operations.ts'
import { groupBy, type Violation } from './violation.ts'

/** Every user has a coupon once where a claim was accepted, with the rank that was answered. */
export function checkClaims(operations: readonly Operation[], books: Books): Violation[] {
  const place = (couponId: string, userId: string) => `${couponId} of ${userId}`
  const claims = groupBy(
    operations.filter(({ intent }) => intent.kind === 'claim'),
    ({ intent }) => place(String(intent.subject), intent.userId),
  )
  const issued = groupBy(books.userCoupons, ({ couponId, userId }) => place(couponId, userId))

  const asked = [...claims].flatMap(([name, group]) => {
    const { intent } = group[0] as Operation
    const rows = issued.get(name) ?? []
    const about = {
      ...{ operation: intent.operation, userId: intent.userId },
      ids: [String(intent.subject)],
    }
    const accepted = group.flatMap((operation) => operation.accepted)
    const isRefused = group.every(({ fate }) => fate === 'refused')
    if (accepted.length > 0 && rows.length === 0) {
      return [
        { check: 'accepted is kept', text: `claim ${name} was accepted and is lost`, ...about },
      ]
    }
    if (isRefused && rows.length > 0) {
      return [{ check: 'refused has no effect', text: `claim ${name} is there`, ...about }]
    }
    if (rows.length > 1) {
      const text = `claim ${name} is there ${rows.length} times: ${rows.map(({ id }) => id).join(', ')}`
      return [{ check: 'one effect', text, ...about }]
    }
    return accepted
      .filter(({ body }) => body?.userCouponId !== rows[0]?.id || body?.rank !== rows[0]?.rank)
      .map(({ body }) => ({
        check: 'as answered',
        text: `claim ${name} is ${rows[0]?.id}, answered was ${body?.userCouponId}`,
        ...about,
      }))
  })
  const unasked = [...issued.keys()]
    .filter((name) => !claims.has(name))
    .map((name) => ({ check: 'nothing unasked', text: `claim ${name} is there` }))
  return [...asked, ...unasked]
}
