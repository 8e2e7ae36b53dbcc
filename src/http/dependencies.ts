import type { MikroORM } from '@mikro-orm/postgresql'
import type { Queue } from 'bullmq'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { CatchUp } from '../db/catch-up.ts'
import type { Engine } from '../engine/engine.ts'
import type { Feed } from '../live/feed.ts'
import type { Storm } from '../live/storm.ts'
import type { RedisClient } from '../redis/client.ts'
import type { VerifyReport } from '../verify/verify.ts'
import type { Admission } from './admission.ts'
import type { AddressOf } from './client-address.ts'
import type { Guard } from './guard.ts'
import type { KnownRooms } from './known-rooms.ts'
import type { OperatorAccess } from './operator.ts'
import type { ReadCopies } from './read-copies.ts'
import type { StoredOrders } from './stored-orders.ts'
import type { UnpaidOrders } from './unpaid-orders.ts'

type HttpVariable =
  | 'JWT_SECRET'
  | 'JWKS_URL'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'RATE_LIMIT'
  | 'REQUESTS_PER_USER'
  | 'REQUESTS_PER_ADDRESS'
  | 'TRUSTED_PROXIES'
  | 'UNPAID_ORDERS_PER_USER'
  | 'SEED_DEMO'

/** What the HTTP server works with. The caller opens and closes all of it. */
export type Dependencies = {
  /** Takes the decisions. */
  engine: Engine
  /** Answers the hot reads; a client that fails fast. */
  redis: RedisClient
  /** Answers what only Postgres knows: users, balance history, orders that left Redis. */
  orm: MikroORM
  /**
   * Where tokens get their keys (without both, every token is refused), what senders are limited to and how they are
   * told apart, and whether there is a demo shop.
   */
  config: Pick<Config, HttpVariable>
  /** Gets unexpected errors; refusals and bad input are not logged. */
  log: Pick<Logger, 'error' | 'debug'>
  /** Proves the books of one shop. */
  verify: (shop: string) => Promise<VerifyReport>
  /** The text of `/metrics`. Throws Unavailable where it cannot be had. */
  metrics: () => Promise<string>
  /** What the dashboard of the queues shows. */
  queues: readonly Queue[]
  /** Who may see `/metrics`, the live page and the dashboard of the queues. */
  operators: OperatorAccess
  /** What the live page watches. */
  feed: Feed
  /** Runs the demo against this engine. */
  runStorm: () => Promise<Storm>
  /** Says whether this process should get requests. It must not throw, and must answer within a second. */
  readiness: () => Promise<Readiness>
}

/** What the routes work with. */
export type Parts = Dependencies & {
  /** What every list from Postgres waits for, so that a client finds in it what he did before. */
  catchUp: CatchUp
  /** Where orders are found that have left Redis. */
  storedOrders: StoredOrders
  /** What every read goes through whose answer is the same for everybody. */
  copyOf: ReadCopies
  /** Finds out who makes a request, and refuses whom makes too many. */
  identify: Guard
  /** Lets operators pass. */
  operatorsOnly: Guard
  /** Tells senders apart. */
  addressOf: AddressOf
  /** The waiting rooms, and what keeps those out who have to wait. */
  rooms: KnownRooms
  admission: Admission
  /** Keeps users from holding units for ever; null where nothing is limited. */
  unpaidOrders: UnpaidOrders | null
}

/** The body of `/readyz`: one entry per part, with a word on what is wrong with it. */
export type Readiness = {
  ok: boolean
  checks: { name: string; ok: boolean; detail?: string }[]
}
