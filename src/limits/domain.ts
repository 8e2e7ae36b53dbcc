/** Bounds of what the domain can hold: amounts, quantities, times and texts. */
export const domainLimits = {
  /** Highest unit price, in minor units. With the two bounds below, no total reaches LUA_INTEGER_MAX. */
  priceMax: 1_000_000_000,
  /** Most units of one option in one order. It also bounds the loop that reaps expired holds. */
  quantityMax: 1_000,
  /** Most lines in one order. It bounds the work of one decision, and so the time Redis is blocked. */
  orderItemsMax: 50,
  /** Most lines of a cart: an order takes all of them, so it is what an order may have. */
  cartItemsMax: 50,
  /** Most options of one product: one creation must stay a short script. */
  productOptionsMax: 100,
  /** Most units of one option that can be in stock. */
  stockMax: 1_000_000_000,
  /** Largest single charge, in minor units. */
  chargeMax: 1_000_000_000_000,
  /** Highest balance of one user, in minor units; a charge beyond it is refused as `balance_limit`. */
  balanceMax: 10_000_000_000_000,
  /** Largest number of user coupons that one coupon can issue. */
  couponQuantityMax: 100_000_000,
  /** Most user coupons of one coupon for one user; they are read and written together. */
  couponPerUserMax: 10,
  /**
   * How long a process refuses claims of a coupon without asking, after Redis said that it is sold out: so late does it
   * learn what another process did to the coupon, and so long does it take to raise one. One request in thousands asks,
   * where thousands come in that time.
   */
  soldOutLatchMs: 500,
  /** Sold-out coupons that one process knows; of each, claims of at most so many, in 1.5 bytes each: 48 MB in all. */
  soldOutCouponsMax: 32,
  soldOutClaimsMax: 1_000_000,
  /** Pause before the claimers of a coupon are read again, where they were not as they should be. */
  soldOutReloadMs: 1_000,
  /** Full percentage in basis points. */
  basisPoints: 10_000,
  /** Buckets of 8 user coupons that one read takes of a coupon's: half a millisecond of Redis. */
  claimBucketsPage: 500,
  /** Ids are field names in Redis and keys in Postgres. */
  idLengthMax: 64,
  nameLengthMax: 200,
  descriptionLengthMax: 2_000,
  reasonLengthMax: 200,
  couponCodeLengthMax: 64,
  /** Single-use codes that one request may make. A million takes some seconds, and more requests may follow. */
  codesMax: 1_000_000,
  /** Of them in one command, which one script stores: a quarter of a millisecond of Redis. */
  codesPerCommand: 250,
  /** Codes that one request may be ahead of Postgres: a tenth of a second, by which other events then lag. */
  codesAheadMax: 5_000,
  /**
   * Bad codes that a user may send within so many seconds: enough for who mistypes, and a short code of a million
   * possible ones is safe from one guesser for about a year.
   */
  codeGuessesMax: 20,
  codeGuessesPerAddressMax: 200,
  codeGuessesSeconds: 600,
  /** Who sent too many waits as long, twice as long the next time, and so on within a day. */
  codeLockoutSecondsMax: 86_400,
  /** User coupons whose expiry one command marks. */
  expiredCouponsMax: 100,
  /** Longest address that mail can be sent to (RFC 5321). */
  emailLengthMax: 254,
  /** Longest life of an issued coupon: ten years, which also fits a 32-bit column. */
  userCouponTtlSecondsMax: 315_360_000,
  /** Latest time that a sale or a coupon may name: like amounts, milliseconds must stay below LUA_INTEGER_MAX. */
  timeMsMax: Date.UTC(3000, 0),
  /** Shortest and longest deadline that an option may set for orders with it. */
  optionHoldMsMin: 1_000,
  optionHoldMsMax: 86_400_000,
  idempotencyKeyLengthMax: 255,
} as const
