/**
 * The commands of the deciding script and the names of their arguments, in the order in which the Lua files take
 * them. A test compares this table with the headers of those files.
 */
export const commands = {
  'adjust-stock': ['operationId', 'fingerprint', 'optionId', 'change', 'reason', 'stockMax'],
  'cancel-order': ['orderId', 'userId'],
  'charge-balance': ['operationId', 'fingerprint', 'userId', 'amount', 'balanceMax'],
  'claim-coupon': ['couponId', 'userId'],
  'create-coupon': ['coupon'],
  'create-product': ['product'],
  'forget-finished': ['retentionMs', 'scannedMax'],
  'pay-order': ['orderId', 'userId'],
  /** Followed by option id and quantity of every line. */
  'place-order': ['operationId', 'fingerprint', 'userId', 'userCouponId', 'expectedAmount', 'pay'],
  'reap-holds': [],
  /** Followed by user ids. */
  'trim-outbox': ['eventId'],
} as const

export type CommandName = keyof typeof commands

export type CommandArguments<Name extends CommandName> = Record<
  (typeof commands)[Name][number],
  string | number
>
