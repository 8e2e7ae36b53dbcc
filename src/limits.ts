import { domainLimits } from './limits/domain.ts'
import { httpLimits } from './limits/http.ts'
import { processLimits } from './limits/processes.ts'

/**
 * Every bound of the engine, with its reason: those of the stores and of what goes between them here, the others in
 * src/limits/. A bound that two parts share is stated once, and the relations between bounds are checked when the
 * module loads, so that a careless edit stops the start.
 */

/** Redis' Lua knows only doubles, and its JSON encoder prints 14 digits: no amount may reach this. */
const LUA_INTEGER_MAX = 1e14

export const limits = {
  ...domainLimits,
  ...httpLimits,
  ...processLimits,

  /**
   * Commands in one call of the deciding script. A checkout costs 16 µs, so 64 of them hold the Redis core for
   * about one millisecond, which is the longest that a reader of the same Redis should have to wait.
   */
  batchCommandsMax: 64,
  /**
   * Commands of one shop that may wait in one API process. At tens of thousands of decisions per second this is
   * a fraction of a second of work; a longer queue would only turn into timeouts.
   */
  queuedCommandsMax: 10_000,
  /**
   * Accepted commands of one shop that one API process remembers until Postgres must have them, to name them if the
   * hot state is lost: 30 MB at most, and a drain that keeps up leaves a few hundred.
   */
  rememberedCommandsMax: 100_000,
  /** A Redis that has not answered by then is an outage: the client gets its 503 within a second. */
  redisCommandTimeoutMs: 900,
  /**
   * Longest wait for the replicas that must have a batch before it is answered: a healthy one has it within a
   * millisecond, and what waits behind it on the connection must not become an outage of its own.
   */
  replicaAckMs: 500,
  /** A connection that owes an answer for so long is given up: its server froze, or was cut off without a word. */
  redisSilenceMs: 2_000,
  /** The same for a queue, whose workers wait up to ten seconds for a job. */
  queueSilenceMs: 12_000,
  /** Between two looks at which node of a cluster has which slots: so late is a failover seen that nobody tells. */
  slotsRefreshMs: 1_000,
  /** Lapsed holds that one batch may expire on its way, about a millisecond of work; a command may need several. */
  reapedHoldsMax: 100,

  /** How long the record of a finished operation answers repeated requests: a day, and an hour for late ones. */
  idempotencyRetentionMs: 25 * 3_600_000,
  /**
   * Records that one upkeep round looks at for having outlived that. It holds Redis for about half a millisecond a
   * second, and comes round to a million records in three hours.
   */
  forgetScannedMax: 100,

  /**
   * Times that a refund reads its order from Postgres: each of them fails only where another refund of the same order
   * was decided and persisted in the meantime.
   */
  storedOrderReadsMax: 5,

  /** Events in one Postgres transaction of the drain: enough to pay the fsync once for many. */
  drainEventsMax: 1_000,
  /**
   * Times that one retry goes over its dead letters, each with two transactions for a letter at most. More than two are
   * rare: only where letters wait for each other in a chain. What is left then is for the next retry.
   */
  retryPassesMax: 5,
  /**
   * Characters of event data in one transaction. A thousand orders have fewer; the codes of a coupon, 250 in an event,
   * are cut to what Postgres takes in a second.
   */
  drainDataLengthMax: 1_000_000,
  /** Users that a worker process remembers to be in Postgres: about ten megabytes. */
  seenUsersMax: 100_000,
  /** Batches that one drain job may commit before another shop has its turn. */
  drainBatchesMax: 50,
  /**
   * Events that may wait for Postgres before new effects are refused with `backlog_full`. At about 600 bytes an
   * event this is 600 MB of Redis memory, or more than a minute and a half of a Postgres outage at 10,000 orders/s.
   */
  backlogEventsMax: 1_000_000,

  /**
   * Longest wait of a reader of rows for the events that the outbox held when he came: several drains of a busy shop.
   * During an outage of Postgres it is lost time, so it is far below the second in which a client wants his answer.
   */
  catchUpMs: 500,
  /** Between two looks while readers wait, one for all of a shop: it adds to their wait, and costs Redis little. */
  catchUpPollMs: 10,

  /** A rebuild that has not renewed its lease by then is dead, and another one takes over. */
  rebuildLeaseMs: 10_000,
  /** Pause after a rebuild that failed: what stopped it may last, and each one closes what the one before began. */
  rebuildRetryMs: 3_000,
  /** Rebuilds that a shop's hot state knows, so that a process that was idle for some of them finds its own. */
  rebuildsKeptMax: 50,
  /** Between two alarms about what only a person can mend. */
  alarmIntervalMs: 60_000,
  /** Rows that a rebuild reads at once: of a few short columns, and of those that become records of some kilobytes. */
  rebuildRowsMax: 5_000,
  rebuildRecordsMax: 1_000,
  /** User coupons that a rebuild collects before it writes them: about 100 MB of memory. */
  rebuildCollectedMax: 1_000_000,
  /** Fields and characters of one command of a rebuild: about half a millisecond of Redis, which serves others too. */
  rebuildFieldsMax: 500,
  rebuildCommandLengthMax: 65_536,

  /** Shops that one worker process drains at once. Each takes a connection to Postgres while it does. */
  drainsMax: 4,
  /** Between two wake-ups of one shop by one process. It adds to the lag and spares the queue. */
  wakeUpIntervalMs: 20,
  /**
   * Between two looks of a worker process after its shops, and between two sweeps. A lost wake-up costs twice this
   * much, and a queue that does not work at all up to four times.
   */
  upkeepIntervalMs: 1_000,
  /** Between two looks whether a day is over whose ranking is not taken. It ends once a day, and a minute is soon. */
  snapshotIntervalMs: 60_000,
  /** Days that one look takes for one shop: a worker that was away for a month catches up at once. */
  snapshotDaysMax: 31,
  /** How early or late a scheduled job may be before its schedule is made anew: more than a busy worker is late. */
  scheduleSlackMs: 3_000,
  /** Shops that the guard of one worker process drains or rebuilds at once, beside the drains of the queue. */
  guardTasksMax: 2,
  /** Between two attempts of a worker to reach its queue again. BullMQ's own 15 s would be most of an outage. */
  queueRetryMs: 500,
  /** Between two lines that a queue fails: it may fail thousands of times a second, and one line says as much. */
  queueFailsQuietMs: 10_000,
  /**
   * Times that one sweep asks for a decision in one shop: with `reapedHoldsMax` and `expiredCouponsMax`, the orders and
   * the user coupons that it can expire at once.
   */
  sweepRoundsMax: 50,
  /** Connections of one process to Postgres. A drain uses one; Postgres' own default allows 100 in all. */
  postgresPoolMax: 8,
  /** A Postgres that takes no connection by then is an outage; the caller decides what that means. */
  postgresConnectTimeoutMs: 3_000,
  /** A batch of the drain takes well under a second: a statement that takes this long waits for something stuck. */
  postgresStatementTimeoutMs: 30_000,
  /** How much later than the server we give up a statement: our clock is for one that vanished without a word. */
  postgresAnswerGraceMs: 250,
  /**
   * Both for requests, which read a few rows by their keys: with the grace, a client gets its 503 within two seconds
   * from a Postgres that hangs. The first is also the longest wait for a free connection.
   */
  apiConnectTimeoutMs: 750,
  apiStatementTimeoutMs: 1_000,
  /** Rows are locked for the length of a batch. A drain that waits longer gives way and is tried again. */
  postgresLockTimeoutMs: 3_000,
  /** A process that froze inside a transaction holds its shop's watermark: Postgres then ends it for the others. */
  postgresIdleInTransactionMs: 10_000,
  /** The same for one that only reads: it holds up nobody, and a rebuild writes to Redis between two of its reads. */
  snapshotIdleMs: 120_000,
} as const

if (limits.cartItemsMax > limits.orderItemsMax) {
  throw new Error('limits: a cart must fit into an order')
}
const orderAmountMax = limits.priceMax * limits.quantityMax * limits.orderItemsMax
if (orderAmountMax >= LUA_INTEGER_MAX || limits.balanceMax >= LUA_INTEGER_MAX) {
  throw new Error('limits: an amount could leave the range that Lua prints exactly')
}
if (2 * limits.childStopMs + limits.serverStopMs >= limits.shutdownMs) {
  throw new Error(
    'limits: API, workers and servers must stop one after the other within the shutdown',
  )
}
if (limits.drainsMax + limits.guardTasksMax >= limits.postgresPoolMax) {
  throw new Error('limits: drains must leave the other work of a worker a connection to Postgres')
}
if (limits.keepAliveMs >= limits.requestDrainMs) {
  throw new Error('limits: a stop must leave clients the time that it promised their connections')
}
if (limits.workersCloseMs + limits.tracesCloseMs >= limits.childStopMs) {
  throw new Error('limits: the workers must give up before their supervisor kills them')
}
if (limits.timeMsMax + limits.userCouponTtlSecondsMax * 1_000 >= LUA_INTEGER_MAX) {
  throw new Error('limits: a time could leave the range that Lua prints exactly')
}
if (
  limits.apiConnectTimeoutMs +
    limits.apiStatementTimeoutMs +
    limits.postgresAnswerGraceMs +
    limits.catchUpMs >
  2_500
) {
  throw new Error('limits: a Postgres that hangs must be answered within two and a half seconds')
}
if (limits.redisSilenceMs <= limits.redisCommandTimeoutMs) {
  throw new Error('limits: a connection must outlive the commands that it carries')
}
if (limits.replicaAckMs >= limits.redisCommandTimeoutMs) {
  throw new Error(
    'limits: replicas must have answered before the command that waits for them is an outage',
  )
}
if (limits.redisCommandTimeoutMs >= 1_000) {
  throw new Error('limits: an outage of Redis must be answered within a second')
}
