import type { HttpBindings } from '@hono/node-server'

/** Who makes the request, by his token. */
export type Caller = {
  userId: string
  role: 'user' | 'admin'
  shop: string
}

/** What the middleware tells the handlers of a request. */
export type Environment = {
  /** The connection: there is none where a test calls the application directly. */
  Bindings: HttpBindings
  Variables: {
    requestId: string
    /** Headers that every answer to this request carries, problems included. */
    headers: Record<string, string>
    /** Set on the routes that require a token, and on others where the client sent one. */
    caller: Caller
    /** The caller's shop, or on a public route the one that the client names. */
    shop: string
    /** Set on the routes that require one. */
    idempotencyKey: string
  }
}
