/** Bounds of the embedded servers, the verifier, the demo, and the start and stop of processes. */
export const processLimits = {
  /**
   * Share of the machine's memory that the embedded Redis may use before decisions are refused. The rest is for the
   * pages that are copied while its file is rewritten, for Postgres, and for our processes.
   */
  redisMemoryShare: 0.5,
  /**
   * Free bytes of the disk below which the embedded Redis is not started, nor its file rewritten: room for a torn end
   * that is kept, and for what a busy sale writes in a second.
   */
  redisFreeBytesMin: 16_777_216,
  /** The same for Postgres: its log grows in files of 16 MB, and a recovery needs a few. */
  postgresFreeBytesMin: 67_108_864,
  /** An embedded server that does not answer by then will not; reading back a big append-only file takes seconds. */
  serverStartMs: 60_000,
  /** Within shutdownMs, because the embedded servers are stopped last of all. */
  serverStopMs: 6_000,
  /** Longest wait for another process to start or stop the same servers: one start, with an installation. */
  serverLockMs: 180_000,
  /**
   * Longest torn end of an append-only file that is cut off without asking. A torn end holds what Redis was writing
   * at the crash, at most one turn of its event loop; more than this is damage, and cutting it would lose orders.
   */
  tornBytesMax: 16_777_216,

  /** Between two looks whether a second is over whose decisions are to be told: twice within the next one. */
  pulseIntervalMs: 500,
  /** Longest wait of one API process for the metrics of those that share its port: a scrape gives up after ten. */
  metricsMs: 6_000,
  /** How old what the metrics say of shops and stores may be: a scrape that comes twice is answered with one look. */
  metricsAgeMs: 1_000,
  /** Shops whose state the metrics tell, each a time series of its own. */
  metricsShopsMax: 500,
  /**
   * Dead letters of a shop that the metrics count. Should a whole backlog become dead letters, to count them all at
   * every scrape would take longer than a statement may, and nobody would hear of them.
   */
  deadLettersCountedMax: 10_000,

  /** Spans that wait for their collector in one process, about 2 kB each. As many are under way; more are dropped. */
  spansQueuedMax: 2_048,
  /** Spans of one message to the collector: while it is made, some milliseconds, requests wait. */
  spansSentMax: 256,
  /** Longest wait of a span for others that are sent with it. */
  spansDelayMs: 1_000,
  /** Longest wait at a stop for the collector to take the last spans. */
  tracesCloseMs: 500,

  /** Discrepancies that one check of the verifier names; beyond them it only counts. */
  verifyOffMax: 20,
  /** Connections that the verifications of one API process may hold, one each: they must not keep requests waiting. */
  verifyPoolMax: 4,
  /**
   * Longest statement of the verifier. Some read all rows of a kind, because what they prove is a sum over them: half a
   * minute is not enough for much more than a million orders.
   */
  verifyStatementTimeoutMs: 600_000,
  /** Entities that the verifier compares at a time: half a millisecond of Redis. */
  verifyChunk: 500,
  /** Chunks that it compares at a time; each takes a connection to Postgres for a moment. */
  verifyChunksMax: 3,
  /** User coupons that it reads with one script, and buckets of 8 of them that it reads at a time: about as long. */
  verifyUserCoupons: 100,
  verifyBuckets: 125,
  /** Fields that it compares as they stand: they are short. What Postgres is asked for at a time, in a few ms. */
  verifyFieldsPage: 5_000,
  /** And what Redis is asked for: a millisecond of it. */
  verifyFieldsChunk: 1_000,
  /** Rows that it sums at a time: two milliseconds, for which requests to the same process wait. */
  verifySumRows: 10_000,
  /** Longest wait of the verifier for the events that were there when it began to reach Postgres. */
  verifyDrainWaitMs: 5_000,
  /**
   * Undrained events that the verifier reads to compare entities that are in motion: the lag of a second, more than
   * a healthy drain leaves behind. Where there are more it waits, and in the end says so.
   */
  verifyTailEventsMax: 10_000,
  verifyAttemptsMax: 20,
  verifyPauseMs: 50,

  /** A demo that is not through by then has failed: it must fit into a minute, the start of a warm engine included. */
  demoMs: 50_000,
  /** The first start of all creates the databases; on a slow disk that takes a while. */
  demoStartMs: 120_000,

  /** Between two looks whether the embedded servers are alive: how long an outage of one lasts, but for its start. */
  serverWatchMs: 500,
  /** Pause before a process that ended is started again; it doubles while the process does not last. */
  restartDelayMs: 50,
  restartDelayMaxMs: 5_000,
  /** A supervised process that has not stopped by then is killed. */
  childStopMs: 4_000,
  /**
   * How long a connection stays open for the next request, which every answer says. A process that stops waits as long
   * before it closes one, so it must be short; a client that asks less often pays for a new connection each time.
   */
  keepAliveMs: 2_000,
  /**
   * How much longer it really stays open, but at a stop. A client on a busy machine may be this late with the request
   * that it began to send in time, and closing under it would cost him the answer.
   */
  keepAliveGraceMs: 8_000,
  /** Requests under way that have not been answered by then are cut off at a stop. */
  requestDrainMs: 3_000,
  /** A second stop signal that comes later than this after the first is a person who insists. */
  insistAfterMs: 1_000,
  /** Longest wait for the jobs under way when the workers stop; a batch takes well under a second. */
  workersCloseMs: 3_000,
  /** From the first stop signal until the process leaves whatever is still running. */
  shutdownMs: 15_000,
} as const
