import type { Http2Bindings, HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/** Who makes the request, by his token. */
export type Caller = {
  userId: string
  role: 'user' | 'admin'
  shop: string
}

/** Takes what only a route knows of its answer; `code` is that of the problem, empty for a success. */
export type DescribeAnswer = (answer: { route: string; code: string; requestId: string }) => void

/** Takes a problem that was answered, and the shop of its request as far as that is known. */
export type CountProblem = (
  shop: string | undefined,
  problem: { status: number; code: string },
) => void

/** What is told of the answer to a request: what traces it, where it is traced, and what people watch. */
type ToldBindings = { describe?: DescribeAnswer; countProblem?: CountProblem }

/** What answers the requests of a server. */
export type Fetch = (
  request: Request,
  env: (HttpBindings | Http2Bindings) & ToldBindings,
) => Response | Promise<Response>

/** What the middleware tells the handlers of a request. */
export type Environment = {
  /** The connection: there is none where a test calls the application directly. */
  Bindings: HttpBindings & ToldBindings
  Variables: {
    requestId: string
    /** Headers that every answer to this request carries, problems included. */
    headers: Record<string, string>
    /** Of the problem that answers, where one does. */
    code: string
    /** Set on the routes that require a token, and on others where the client sent one. */
    caller: Caller
    /** The caller's shop, or on a public route the one that the client names. */
    shop: string
    /** Set on the routes that require one. */
    idempotencyKey: string
  }
}

/**
 * A header of the request by its lower-case name. Over a connection Node has parsed them already, and the request's
 * `Headers` would look for it in their list.
 */
export function headerOf(c: Context<Environment>, name: string): string | undefined {
  const incoming = c.env?.incoming
  return incoming ? (incoming.headers[name] as string | undefined) : c.req.header(name)
}
