import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { eachPage, type ShopLoad } from './pages.ts'

export async function loadBalances(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    // A page is one text: the driver makes an object of every row, which took most of the time.
    (after) => sql<{ key: string; words: string }>`
      select max(user_id) as key, string_agg(user_id || ' ' || amount, ' ') as words
      from (
        select user_id, amount from balances where shop = ${shop} and user_id > ${after}
        order by user_id limit ${limits.rebuildRowsMax}
      ) page having count(*) > 0`,
    ([page]) => {
      hot.setFields('balances', page?.words.split(' ') ?? [])
    },
  )
}

/**
 * Carts, with their lines in the order in which they came. Lines of an earlier version do not have the number of their
 * event, so their time says it, which two of them may share.
 */
export async function loadCarts(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  const place = sql`coalesce(event_id, ${msOf('created_at')} << 20)`
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; lines: string }>`
      select user_id as key,
        string_agg(option_id || '=' || quantity || ' ', '' order by ${place}, option_id) as lines
      from cart_items where shop = ${shop} and user_id > ${after}
      group by user_id order by user_id limit ${limits.rebuildRecordsMax}`,
    (rows) => {
      hot.setFields(
        'carts',
        rows.flatMap(({ key, lines }) => [key, lines]),
      )
    },
  )
}
