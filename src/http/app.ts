import { randomUUID } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { limits } from '../limits.ts'
import { identify } from './auth.ts'
import { balanceRoutes } from './balances.ts'
import { limitBody } from './body.ts'
import { claimRoutes } from './claims.ts'
import { couponRoutes } from './coupons.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { healthRoutes } from './health.ts'
import { orderActionRoutes } from './order-actions.ts'
import { orderRoutes } from './orders.ts'
import { popularRoutes } from './popular.ts'
import { answerError, answerNotFound, refuseInvalid } from './problem.ts'
import { productRoutes } from './products.ts'
import { reply } from './reply.ts'
import { createRouter } from './router.ts'
import { stockAdjustmentRoutes } from './stock-adjustments.ts'
import { createTokenVerifier } from './tokens.ts'
import { userRoutes } from './users.ts'
import { verifyRoutes } from './verify.ts'

/** The routes with their inputs and answers, for the typed client: `hc<AppType>(url)`. */
export type AppType = ReturnType<typeof createApp>

/**
 * Builds the HTTP server's application: `app.fetch` answers requests, `app.request` does so in tests. It opens
 * nothing and keeps nothing but verified tokens.
 */
export function createApp(dependencies: Dependencies) {
  const app = new OpenAPIHono<Environment>({ defaultHook: refuseInvalid, router: createRouter() })
  app.use(identifyRequest)
  app.use('/v1/*', identify(createTokenVerifier(dependencies.config)), limitBody)
  app.onError(answerError(dependencies.log))
  app.notFound(answerNotFound(app.router))
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'HS256, or RS256, ES256 and EdDSA by published keys. Claims: sub, exp, role (user or admin), shop. ' +
      'Without a token, public routes take the shop from the header X-Shop.',
  })

  let document: object | undefined
  app.get('/openapi.json', (c) => {
    document ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Stampede',
        version: '1',
        description: 'First-come coupons and checkout. Amounts are integers in minor units.',
      },
      servers: [{ url: '/' }],
    })
    return reply(c, document, 200)
  })

  return app
    .route('/', healthRoutes(dependencies))
    .route('/', userRoutes(dependencies))
    .route('/', balanceRoutes(dependencies))
    .route('/', popularRoutes(dependencies))
    .route('/', productRoutes(dependencies))
    .route('/', stockAdjustmentRoutes(dependencies))
    .route('/', couponRoutes(dependencies))
    .route('/', claimRoutes(dependencies))
    .route('/', orderRoutes(dependencies))
    .route('/', orderActionRoutes(dependencies))
    .route('/', verifyRoutes(dependencies))
}

const saneRequestId = new RegExp(`^[\\w.:=-]{1,${limits.requestIdLengthMax}}$`)

/** Gives every request an id, the client's own where it is sane, and every answer that id. */
const identifyRequest: MiddlewareHandler<Environment> = async (c, next) => {
  const given = c.req.header('x-request-id')
  const requestId = given !== undefined && saneRequestId.test(given) ? given : randomUUID()
  c.set('requestId', requestId)
  c.set('headers', { 'x-request-id': requestId })
  return next()
}
