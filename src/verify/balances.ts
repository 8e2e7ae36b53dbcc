import { sql } from 'kysely'
import { limits } from '../limits.ts'
import { shopKey } from '../redis/keys.ts'
import { hashSide, type Mirror, noKeys, orderOf } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** Every balance is the sum of its history and never below zero. */
export function balanceFacts(shop: string): RowFacts {
  return sql`
    select 'balance of user ' || user_id as "row", fact.fact, fact.actual::text, fact.expected::text
    from (select user_id, amount from balances where shop = ${shop}) balance
    full join (
      select user_id, sum(case type when 'DEDUCT' then -amount else amount end) as change
      from balance_history where shop = ${shop} group by user_id
    ) history using (user_id)
    cross join lateral (values
      ('amount against charges + refunds - deductions', amount, coalesce(change, 0)),
      ('amount, not below zero', amount, greatest(amount, 0))
    ) fact (fact, actual, expected)`
}

/** Every change of a balance begins where the one before it ended, from zero on. */
export function balanceChainFacts(shop: string): RowFacts {
  return sql`
    select 'balance history ' || id || ' of user ' || user_id as "row",
      fact.fact, fact.actual::text, fact.expected::text
    from (
      select id, user_id, type, amount, before_amount, after_amount,
        lag(after_amount, 1, 0::bigint) over (partition by user_id order by event_id, line) as left_by_last
      from balance_history where shop = ${shop}
    ) history
    cross join lateral (values
      ('amount before, as the last change left it', before_amount, left_by_last),
      ('amount after the change', after_amount,
        before_amount + case type when 'DEDUCT' then -amount else amount end)
    ) fact (fact, actual, expected)`
}

/** The balance of every user; one who never had money has none on either side. */
export function balanceMirror(shop: string): Mirror {
  const hash = shopKey(shop, 'balances')
  return {
    nameOf: (id) => `balance of user ${id}`,
    absent: { amount: 0 },
    hot: hashSide(hash, { factsOf: ([amount]) => ({ amount: amount ?? 0 }) }),
    persisted: {
      keys: noKeys,
      rows: (userIds) => sql`
        select user_id as id, jsonb_build_object('amount', amount) as facts
        from balances where shop = ${shop} and user_id = any(${userIds})`,
      fields: {
        hash,
        page: (after) => sql`
          select max(user_id) as last, string_agg(user_id, E'\\n') as fields,
            string_agg(amount::text, E'\\n') as values
          from (
            select user_id, amount from balances where shop = ${shop} and user_id > ${after}
            order by user_id limit ${limits.verifyFieldsPage}
          ) page having count(*) > 0`,
      },
    },
    apply(event, balances) {
      const userId = event.type === 'balance_charged' ? event.data.userId : orderOf(event)?.userId
      const change = event.type === 'balance_charged' ? event.data : orderOf(event)?.balanceChange
      const facts = userId === undefined ? undefined : balances.get(userId)
      if (facts && change) facts.amount = change.afterAmount
    },
  }
}
