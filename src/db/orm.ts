import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import { limits } from '../limits.ts'
import { Balance, BalanceHistory } from './entities/balances.ts'
import { CartItem } from './entities/carts.ts'
import { Coupon, CouponCode, CouponHistory, UserCoupon } from './entities/coupons.ts'
import { Order, OrderItem, Payment } from './entities/orders.ts'
import {
  Product,
  ProductOption,
  ProductPriceHistory,
  ProductRevision,
  ProductStockHistory,
} from './entities/products.ts'
import { ProductRanking, RankingSnapshot } from './entities/rankings.ts'
import { Refund, RefundItem } from './entities/refunds.ts'
import { DeadLetter, OutboxWatermark, Shop, ShopRebuild } from './entities/shops.ts'
import { User } from './entities/users.ts'
import { migrations } from './migrations/migrations.ts'

const entities = [
  Shop,
  OutboxWatermark,
  ShopRebuild,
  DeadLetter,
  User,
  Balance,
  BalanceHistory,
  Product,
  ProductRevision,
  ProductOption,
  ProductPriceHistory,
  ProductStockHistory,
  Coupon,
  CouponCode,
  UserCoupon,
  CouponHistory,
  CartItem,
  Order,
  OrderItem,
  Payment,
  Refund,
  RefundItem,
  RankingSnapshot,
  ProductRanking,
]

/**
 * The way to Postgres. It connects at its first query, not here: selling goes on without Postgres, and so does a
 * start. Use one `orm.em.fork()` per request or job, `inBulkTransaction` to write, and close with `orm.close()`.
 *
 * @param options.poolMax connections of this process (default `limits.postgresPoolMax`).
 * @param options.connectTimeoutMs longest wait for a connection (default `limits.postgresConnectTimeoutMs`).
 * @param options.statementTimeoutMs longest statement (default `limits.postgresStatementTimeoutMs`); 0 means no end.
 */
export function openOrm(
  databaseUrl: string,
  options: { poolMax?: number; connectTimeoutMs?: number; statementTimeoutMs?: number } = {},
): MikroORM {
  const statementTimeoutMs = options.statementTimeoutMs ?? limits.postgresStatementTimeoutMs
  return new MikroORM({
    clientUrl: databaseUrl,
    entities,
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, silent: true },
    // The address may belong to a role that cannot create databases; who runs the server makes it.
    ensureDatabase: false,
    pool: { min: 0, max: options.poolMax ?? limits.postgresPoolMax, idleTimeoutMillis: 30_000 },
    driverOptions: {
      // The driver reads the address too, because only it knows about sslmode and its kin.
      connectionString: databaseUrl,
      application_name: 'stampede',
      options: '-c TimeZone=UTC',
      keepAlive: true,
      connectionTimeoutMillis: options.connectTimeoutMs ?? limits.postgresConnectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      lock_timeout: statementTimeoutMs && limits.postgresLockTimeoutMs,
      query_timeout: statementTimeoutMs && statementTimeoutMs + limits.postgresAnswerGraceMs,
      idle_in_transaction_session_timeout: limits.postgresIdleInTransactionMs,
    },
  })
}

/** The way to Postgres for the requests of clients, who rather hear of an outage than wait for its end. */
export function openApiOrm(databaseUrl: string): MikroORM {
  return openOrm(databaseUrl, {
    connectTimeoutMs: limits.apiConnectTimeoutMs,
    statementTimeoutMs: limits.apiStatementTimeoutMs,
  })
}
