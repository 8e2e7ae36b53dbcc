import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Environment, Fetch } from './environment.ts'
import { fixedHeaders } from './reply.ts'

/**
 * Lets pages of other origins use the API: they may send what a client sends, and read the answers. It is for `/v1`
 * alone: a token is something that only its owner's page can send, while operators are known by what their browser
 * sends for any page. So no answer allows credentials of the browser, either.
 *
 * @param origins each as a browser names it, e.g. https://shop.example.org. Without any, nothing is added to `fetch`.
 */
export function allowOrigins(origins: readonly string[], fetch: Fetch): Fetch {
  if (origins.length === 0) return fetch
  const app = new Hono<Environment>()
  app.options('/v1/*', async (c, next) => {
    for (const [name, value] of Object.entries(fixedHeaders)) c.header(name, value)
    await next()
  })
  app.use(
    '/v1/*',
    cors({
      origin: [...origins],
      allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowHeaders: [
        'authorization',
        'content-type',
        'idempotency-key',
        'traceparent',
        'x-admission',
        'x-request-id',
        'x-shop',
      ],
      exposeHeaders: [
        'date',
        'idempotency-replayed',
        'ratelimit',
        'ratelimit-policy',
        'retry-after',
        'x-request-id',
      ],
      // Two hours, which is as long as any browser remembers.
      maxAge: 7_200,
    }),
  )
  app.all('*', (c: Context<Environment>) => fetch(c.req.raw, c.env))
  return (request, env) => app.fetch(request, env)
}
