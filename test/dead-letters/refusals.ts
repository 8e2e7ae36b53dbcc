import { sql } from 'kysely'
import type { Books, Shop } from '../workers/books.ts'

/** What events write to, by the row that tells one event from another. */
const tables = [
  ...['products', 'product_options', 'product_stock_history', 'product_price_history'],
  ...['coupons', 'coupon_codes', 'coupon_history', 'cart_items'],
  ...['orders', 'refunds', 'balance_history'],
]

/**
 * Lets the Postgres of these books refuse some rows, by chance, as a constraint would that somebody has added.
 *
 * @returns what chooses the rows that are refused, one of `share`; null refuses nothing any more.
 */
export async function openRefusals(books: Books) {
  const run = (text: string) => sql.raw(text).execute(books.orm.em.getKysely())
  await run('create table refusals (salt integer, share integer)')
  await run(`create function refuse() returns trigger language plpgsql as $$
    declare j jsonb := to_jsonb(new);
    begin
      if exists (
        select from refusals where abs(hashtext(
          coalesce(j ->> 'event_id', j ->> 'facts_event_id', j ->> 'id', j ->> 'digest') || salt
        )) % share = 0
      ) then
        raise check_violation using message = 'refused by chance';
      end if;
      return new;
    end $$`)
  for (const table of tables) {
    await run(
      `create trigger refuse before insert or update on ${table} for each row execute function refuse()`,
    )
  }
  return async (some: { salt: number; share: number } | null) => {
    await run('truncate refusals')
    if (some) await run(`insert into refusals values (${some.salt}, ${some.share})`)
  }
}

/**
 * Lets Postgres refuse rows of a table, by a constraint that somebody has added, while this is done and drained.
 *
 * @returns the ids of the dead letters that it has made of the shop's events.
 */
export async function refusing(
  { books, shop }: { books: Books; shop: Shop },
  { table, allowed }: { table: string; allowed: string },
  act: () => Promise<unknown>,
): Promise<string[]> {
  const run = (text: string) => sql.raw(text).execute(books.orm.em.getKysely())
  const idsOf = async () =>
    (await shop.rows('dead_letters', 'stream_id')).map(({ stream_id }) => stream_id as string)
  const before = new Set(await idsOf())
  await run(`alter table ${table} add constraint of_somebody check (${allowed}) not valid`)
  await act()
  await shop.drain()
  await run(`alter table ${table} drop constraint of_somebody`)
  return (await idsOf()).filter((id) => !before.has(id))
}
