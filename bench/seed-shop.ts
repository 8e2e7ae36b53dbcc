import { runStatements } from './alternative/schema.ts'

/** Options of one product, as many as there may be. */
const optionsPerProduct = 100

/**
 * Writes a shop that has been selling for a while straight into Postgres, with books that hold: users with a charged
 * balance, a coupon that each of them has claimed, and options with their first stock. Everything is older than the
 * records of finished operations are kept.
 *
 * @param shop known to Postgres, and empty.
 */
export async function seedShop(
  databaseUrl: string,
  shop: string,
  { users, options }: { users: number; options: number },
): Promise<void> {
  const user = `'user-' || (n + 99999)`
  const at = `now() - interval '3 days'`
  const usersSeries = `generate_series(1, ${users}) n`
  const products = Math.ceil(options / optionsPerProduct)
  // Options are numbered from 0, and so are the events of the shop.
  const optionsSeries = `generate_series(0, ${options - 1}) n`
  const productOf = `'product' || n / ${optionsPerProduct}`
  const line = `n % ${optionsPerProduct} + 1`
  await runStatements(databaseUrl, [
    `insert into users (shop, id, created_at, updated_at) select '${shop}', ${user}, ${at}, ${at} from ${usersSeries}`,
    `insert into balances select '${shop}', ${user}, 10000, ${at} from ${usersSeries}`,
    `insert into balance_history (shop, event_id, line, id, user_id, type, amount, before_amount, after_amount, at,
        fingerprint)
      select '${shop}', n + 10000000, 1, lpad('' || n, 22, '0'), ${user}, 'CHARGE', 10000, 0, 10000, ${at}, 'charge'
      from ${usersSeries}`,
    `insert into coupons (shop, id, name, discount_type, discount_value, min_order_amount, total_quantity,
        issued_quantity, used_quantity, per_user_limit, restore_on_cancel, status, created_at, updated_at)
      values ('${shop}', 'coupon', 'Five off', 'FIXED', 500, 0, ${users}, ${users}, 0, 1, true, 'ACTIVE',
        ${at}, ${at})`,
    `insert into user_coupons (shop, id, coupon_id, user_id, rank, status, issued_at)
      select '${shop}', 'coupon.' || n, 'coupon', ${user}, n, 'AVAILABLE', ${at} from ${usersSeries}`,
    `insert into coupon_history (shop, event_id, line, user_coupon_id, coupon_id, user_id, action, at)
      select '${shop}', n + 20000000, 1, 'coupon.' || n, 'coupon', ${user}, 'ISSUED', ${at} from ${usersSeries}`,
    `insert into products (shop, id, name, status, created_at, updated_at)
      select '${shop}', 'product' || n, 'Trainers', 'ACTIVE', ${at}, ${at} from generate_series(0, ${products - 1}) n`,
    `insert into product_revisions (shop, product_id, revision, name, at)
      select '${shop}', 'product' || n, 1, 'Trainers', ${at} from generate_series(0, ${products - 1}) n`,
    `insert into product_options
        (shop, id, product_id, option_value, price, stock, held, sold, created_at, updated_at, line)
      select '${shop}', 'option' || n, ${productOf}, 'M', 2000, 100, 0, 0, ${at}, ${at}, ${line} from ${optionsSeries}`,
    `insert into product_stock_history (shop, event_id, line, option_id, type, change, at)
      select '${shop}', n / ${optionsPerProduct} + 1, ${line}, 'option' || n, 'INITIAL', 100, ${at}
      from ${optionsSeries}`,
    'vacuum (analyze)',
    'checkpoint',
  ])
}
