import { OpenAPIHono } from '@hono/zod-openapi'
import { openCatchUp } from '../db/catch-up.ts'
import { openAdmission } from './admission.ts'
import { identify } from './auth.ts'
import { balanceRoutes } from './balances.ts'
import { cartRoutes } from './cart.ts'
import { claimableCouponRoutes } from './claimable-coupons.ts'
import { claimRoutes } from './claims.ts'
import { openAddressOf } from './client-address.ts'
import { couponCodeRoutes } from './coupon-codes.ts'
import { couponHistoryRoutes } from './coupon-history.ts'
import { couponRoutes } from './coupons.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import type { Dependencies, Parts } from './dependencies.ts'
import { answerDocument } from './document.ts'
import type { Environment } from './environment.ts'
import { healthRoutes } from './health.ts'
import { openKnownRooms } from './known-rooms.ts'
import { answerMetrics } from './metrics.ts'
import { answerNotFound } from './not-found.ts'
import { requireOperator } from './operator.ts'
import { addOpsRoutes } from './ops.ts'
import { optionRoutes } from './options.ts'
import { orderActionRoutes } from './order-actions.ts'
import { orderRoutes } from './orders.ts'
import { pagesFor } from './pages.ts'
import { popularRoutes } from './popular.ts'
import { answerError } from './problem.ts'
import { productHistoryRoutes } from './product-history.ts'
import { productRoutes } from './products.ts'
import { answerQueueBoard, queueBoardPath } from './queue-board.ts'
import { rankingRoutes } from './rankings.ts'
import { openReadCopies } from './read-copies.ts'
import { refundRoutes } from './refunds.ts'
import { createRouter } from './router.ts'
import { addShopSession } from './shop-session.ts'
import { stockAdjustmentRoutes } from './stock-adjustments.ts'
import { openStoredOrders } from './stored-orders.ts'
import { createTokenVerifier } from './tokens.ts'
import { identifyWithin } from './traffic.ts'
import { openUnpaidOrders } from './unpaid-orders.ts'
import { userCouponRoutes } from './user-coupons.ts'
import { userRoutes } from './users.ts'
import { verifyRoutes } from './verify.ts'
import { waitingRoomRoutes } from './waiting-rooms.ts'

/** The routes with their inputs and answers, for the typed client: `hc<AppType>(url)`. */
export type AppType = ReturnType<typeof createApp>

/**
 * Builds the HTTP server's application: `app.fetch` answers requests, `app.request` does so in tests. It opens no
 * connection and keeps nothing but verified tokens.
 */
export function createApp(dependencies: Dependencies) {
  const { config, redis } = dependencies
  const app = new OpenAPIHono<Environment>({ router: createRouter() })
  const addressOf = openAddressOf(config.TRUSTED_PROXIES)
  const identifySender = identify(createTokenVerifier(config))
  const rooms = openKnownRooms(redis)
  const parts: Parts = {
    ...dependencies,
    addressOf,
    operatorsOnly: requireOperator(dependencies.operators, addressOf),
    rooms,
    admission: openAdmission(redis, rooms),
    catchUp: openCatchUp(redis),
    copyOf: openReadCopies(dependencies.engine),
    storedOrders: openStoredOrders(dependencies.orm),
    identify: config.RATE_LIMIT
      ? identifyWithin(identifySender, redis, addressOf, config)
      : identifySender,
    unpaidOrders: config.RATE_LIMIT ? openUnpaidOrders(redis, config.UNPAID_ORDERS_PER_USER) : null,
  }
  app.onError(answerError(dependencies.log))
  app.notFound(answerNotFound(app.router, parts.identify))
  app.get('/openapi.json', answerDocument(app))
  app.get('/metrics', answerMetrics(parts.metrics, parts.operatorsOnly))
  addOpsRoutes(app, parts)
  addShopSession(app, parts)
  for (const [path, answer] of pagesFor(parts.operatorsOnly)) app.get(path, answer)
  app.get(queueBoardPath, answerQueueBoard(parts.queues, parts.operatorsOnly))

  return app
    .route('/', healthRoutes(parts))
    .route('/', userRoutes(parts))
    .route('/', balanceRoutes(parts))
    .route('/', popularRoutes(parts))
    .route('/', rankingRoutes(parts))
    .route('/', productRoutes(parts))
    .route('/', productHistoryRoutes(parts))
    .route('/', optionRoutes(parts))
    .route('/', stockAdjustmentRoutes(parts))
    .route('/', claimableCouponRoutes(parts))
    .route('/', couponRoutes(parts))
    .route('/', couponHistoryRoutes(parts))
    .route('/', couponCodeRoutes(parts))
    .route('/', claimRoutes(parts))
    .route('/', waitingRoomRoutes(parts))
    .route('/', userCouponRoutes(parts))
    .route('/', cartRoutes(parts))
    .route('/', orderRoutes(parts))
    .route('/', orderActionRoutes(parts))
    .route('/', refundRoutes(parts))
    .route('/', verifyRoutes(parts))
    .route('/', deadLetterRoutes(parts))
}
