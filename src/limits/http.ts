/** Bounds of requests, connections, pages and tokens. */
export const httpLimits = {
  /**
   * Connections of one API process: an idle one costs 17 kB, so all of them 170 MB. For one more, that goes which has
   * been idle for longest.
   */
  connectionsMax: 10_000,
  /** Connections that wait to be taken: a crowd comes in one moment, and Linux allows no more by itself. */
  connectionsQueuedMax: 4_096,
  /** Files of a process that are no connections of clients, kept free for them: it has some 60. */
  otherFilesMax: 128,
  /** Requests of a connection that wait behind the one that is being answered: all of them are begun at once. */
  pipelinedRequestsMax: 16,
  /** A client that has not taken an answer by then, or the next part of a long one, is cut off. */
  answerTakenMs: 60_000,
  /** What the answers that clients have not taken may need of memory, all together. */
  owedBytesMax: 134_217_728,
  /** Between two looks at what clients have not taken: a fraction of a millisecond for ten thousand of them. */
  owedLookMs: 500,
  /** From the first byte of a request to its last, so that slow senders cannot hold all connections for long. */
  requestArrivalMs: 10_000,
  /** Address and headers of a request together: several times what a browser behind proxies sends. */
  headerBytesMax: 16_384,
  /** Largest accepted request body. The largest valid order (50 lines) is under 8 kB. */
  bodyBytesMax: 32_768,
  /** Items of one page of a list. */
  pageItemsMax: 100,
  pageItemsDefault: 20,
  /** Products that one request of a filtered list looks at: about ten milliseconds of Redis, in parts of a page. */
  productsScannedMax: 500,
  /** Longest window of popular products, in days, and so how long a day's ranking stays in Redis. */
  rankingDaysMax: 31,
  /**
   * Public reads are answered with copies at most so old. A page that thousands reload is then read four times a
   * second, and nobody sees a change that another process made later than a blink after it.
   */
  readCopyMs: 250,
  /** Coupons that the public list of what can be claimed has, newest first: a page shows no more at once. */
  claimableCouponsMax: 50,
  /** Which coupons these are is looked up in Postgres so often, by each process, while somebody asks. */
  claimableIdsMs: 1_000,
  /** What a demo buyer gets, in minor units, and for how long he may come back with his token. */
  demoBuyerBalance: 50_000,
  demoBuyerTokenMs: 86_400_000,
  /** People who may watch the live page through one process: each costs a text of some kB a second. */
  liveViewersMax: 100,
  /** One who finds all places taken is told to come again then. */
  liveViewerRetrySeconds: 5,
  /** Seconds that somebody who begins to watch is told of, where somebody else watched before. */
  liveHistorySeconds: 300,
  /** Shops of which a process keeps the last proof of the books: some kB each. */
  liveProofsMax: 100,
  /** Products and coupons that the live page shows, newest first, and products that sell best. */
  liveProductsMax: 20,
  liveCouponsMax: 20,
  livePopularMax: 10,
  /** A second is told of so much later, when every process has published what it decided in it. */
  pulseDelaySeconds: 2,
  /** How long the token of a live page is valid; the page gets a new one by itself. */
  operatorTokenMs: 3_600_000,
  /** Copies that one process keeps, and the longest text that is kept as one: 64 MB in all at the very most. */
  readCopiesMax: 256,
  readCopyLengthMax: 262_144,
  /**
   * A copy from before something that this process accepted is read again at once, so many times in a row and so often
   * per second: whoever goes step by step sees what he did, and a storm that changes it a thousand times a second does
   * not turn each look at it into a read.
   */
  readRefreshesMax: 50,
  readRefreshesPerSecond: 100,
  /** Client request ids longer than this are replaced by our own. */
  requestIdLengthMax: 128,
  /** Wrong fields that one answer names: enough to fix a form, too few to make an answer large. */
  fieldErrorsMax: 20,
  /** Requests are counted for so long, and then anew. */
  requestWindowSeconds: 60,
  /** Share of what a sender may that one process counts before it tells the others: so exact is the count of all. */
  requestsUntoldShare: 0.05,
  /** Senders that one process counts of a kind: some 20 MB. */
  requestSendersMax: 100_000,
  /** Orders that a user places and does not pay are counted for so long. */
  unpaidOrdersSeconds: 86_400,
  /** Users that one process knows to have had too many: some 10 MB. */
  unpaidUsersMax: 100_000,
  /** Users that a waiting room lets in per second, and how long their passes may be valid. */
  roomRateMax: 10_000,
  roomPassMsMin: 10_000,
  roomPassMsMax: 3_600_000,
  roomPassMsDefault: 120_000,
  /** How long an admitted place waits for a user who asks every few seconds. */
  roomTurnMs: 20_000,
  /** A client that waits is told to come again between these. */
  roomRetryMsMin: 1_000,
  roomRetryMsMax: 5_000,
  /** How long places are remembered in a room that nobody enters. */
  roomKeptMs: 86_400_000,
  /** Places that one entry admits: half a millisecond of Redis. */
  roomMovedMax: 500,
  /** How late another process learns that a room was opened or closed, and shops whose rooms one process knows. */
  roomCopyMs: 500,
  roomShopsMax: 1_000,
  /** Passes that one request may bring: an order may have as many lines. */
  passesLengthMax: 4_096,
  /** Wrong passwords of operators that one address may send to a process, and for how long they count. */
  passwordGuessesMax: 20,
  passwordGuessesSeconds: 600,
  /** Addresses of which one process counts them: some megabytes. Who comes back from ever more is forgotten. */
  passwordGuessersMax: 10_000,
  /** A token with our claims has about 250 characters; longer ones are not worth a signature check. */
  tokenLengthMax: 4_096,
  /** Verified tokens kept per process, and the longest of them. One entry is about 500 bytes, and 1.6 kB at most. */
  tokenCacheMax: 50_000,
  tokenCacheLengthMax: 1_536,
  /** Shops of which one process knows how to look for stored orders. */
  storedOrderShopsMax: 1_000,
  /** How long fetched signing keys are trusted before they are fetched again: so long a withdrawn key still works. */
  signingKeysAgeMs: 600_000,
  /** Pause between two fetches of the signing keys: tokens with made-up key ids must not cause more. */
  signingKeysCooldownMs: 5_000,
  /** A server of signing keys that has not answered by then is an outage. */
  signingKeysTimeoutMs: 3_000,
  /** Keys of one server, and the bytes of all together: ten times what a large one has. */
  signingKeysMax: 100,
  signingKeysBytesMax: 262_144,
} as const
