import { sql } from 'kysely'
import { migrate } from '../../src/db/migrate.ts'
import { openOrm } from '../../src/db/orm.ts'

/** Options of other products, so that Postgres looks for the hot one as it would in a real shop: by its index. */
const otherOptions = 1_000

/** Makes a database of its own on this server with the engine's tables in it, and returns its address. */
export async function makeDatabase(serverUrl: string, name: string): Promise<string> {
  const orm = openOrm(serverUrl, { poolMax: 1 })
  try {
    await sql.raw(`create database ${name}`).execute(orm.em.getKysely())
  } finally {
    await orm.close()
  }
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await migrate(url.href)
  return url.href
}

/** What a shop without Redis needs beside the tables: numbers of its history, and a way out of a statement. */
export async function makeAlternative(serverUrl: string): Promise<string> {
  const url = await makeDatabase(serverUrl, 'alternative')
  await runStatements(url, [
    'create sequence events',
    `create function refuse(code text) returns boolean language plpgsql as
      $$ begin raise exception using errcode = 'P0001', message = code; end $$`,
  ])
  return url
}

/** Gives the users of a shop the money and the coupons for so many orders each, and puts one hot option on sale. */
export async function seedAlternative(
  url: string,
  facts: { shop: string; users: number; ordersPerUser: number; price: number; discount: number },
): Promise<void> {
  const { shop, users, ordersPerUser, price, discount } = facts
  const stock = users * ordersPerUser
  const user = `'user-' || (n + 99999)`
  await runStatements(url, [
    `insert into users (shop, id) select '${shop}', ${user} from generate_series(1, ${users}) n`,
    `insert into balances select '${shop}', ${user}, ${price * ordersPerUser}, now()
      from generate_series(1, ${users}) n`,
    `insert into products (shop, id, name, status, created_at, updated_at)
      values ('${shop}', 'product', 'Trainers', 'ACTIVE', now(), now())`,
    `insert into product_options
        (shop, id, product_id, option_value, price, stock, held, sold, created_at, updated_at, line)
      select '${shop}', case n when 0 then 'hot' else 'option-' || n end, 'product', 'M', ${price},
        ${stock}, 0, 0, now(), now(), 1 from generate_series(0, ${otherOptions}) n`,
    `insert into coupons (shop, id, name, discount_type, discount_value, min_order_amount, total_quantity,
        issued_quantity, used_quantity, per_user_limit, restore_on_cancel, status, created_at, updated_at)
      select '${shop}', 'coupon' || n, 'Five off', 'FIXED', ${discount}, 0, ${users}, ${users}, 0, 1, true,
        'ACTIVE', now(), now() from generate_series(0, ${ordersPerUser - 1}) n`,
    `insert into user_coupons (shop, id, coupon_id, user_id, rank, status, issued_at)
      select '${shop}', 'coupon' || c || '.' || n, 'coupon' || c, ${user}, n, 'AVAILABLE', now()
      from generate_series(1, ${users}) n, generate_series(0, ${ordersPerUser - 1}) c`,
    'vacuum (analyze)',
    'checkpoint',
  ])
}

/** Where what was sold, paid and discounted does not add up; the alternative has to be right to be compared with. */
export async function findFaults(url: string, shop: string, orders: number): Promise<string[]> {
  const orm = openOrm(url, { poolMax: 1, statementTimeoutMs: 0 })
  try {
    const { rows } = await sql<{ name: string; is: string }>`
      select name, is_::text as "is" from (values
        ('orders', (select count(*) from orders where shop = ${shop})),
        ('units sold', (select sold from product_options where shop = ${shop} and id = 'hot')),
        ('payments', (select count(*) from payments where shop = ${shop})),
        ('coupons used', (select count(*) from user_coupons where shop = ${shop} and status = 'USED')),
        ('rows of coupons', (select count(*) from coupon_history where shop = ${shop})),
        ('rows of balances', (select count(*) from balance_history where shop = ${shop})),
        ('rows of stock', (select count(*) from product_stock_history where shop = ${shop}))
      ) as facts (name, is_)`.execute(orm.em.getKysely())
    return rows
      .filter((row) => Number(row.is) !== orders)
      .map((row) => `The alternative has ${row.is} ${row.name} instead of ${orders}`)
  } finally {
    await orm.close()
  }
}

/** Runs statements one after the other, each on its own. */
export async function runStatements(url: string, statements: readonly string[]): Promise<void> {
  const orm = openOrm(url, { poolMax: 1, statementTimeoutMs: 0 })
  try {
    for (const statement of statements) await sql.raw(statement).execute(orm.em.getKysely())
  } finally {
    await orm.close()
  }
}
