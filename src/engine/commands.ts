/**
 * The commands of the deciding script and the names of their arguments, in the order in which the Lua files take
 * them. A test compares this table with the headers of those files.
 */
export const commands = {
  /** Followed by the digests of the codes. */
  'add-codes': ['couponId'],
  'adjust-stock': ['operationId', 'fingerprint', 'optionId', 'change', 'reason', 'stockMax'],
  'cancel-order': ['orderId', 'userId'],
  'charge-balance': ['operationId', 'fingerprint', 'userId', 'amount', 'balanceMax'],
  'claim-by-code': ['code', 'digest', 'userId'],
  'claim-coupon': ['couponId', 'userId'],
  'create-coupon': ['coupon'],
  'create-product': ['product'],
  /** Followed by user coupon id and user id of every one. */
  'expire-coupons': [],
  'pay-order': ['orderId', 'userId'],
  /** Followed by option id and quantity of every line; by none where the lines are those of the cart. */
  'place-order': [
    'operationId',
    'fingerprint',
    'userId',
    'userCouponId',
    'expectedAmount',
    'pay',
    'fromCart',
  ],
  'reap-holds': [],
  /** Followed by order item id and quantity of every part; by none for all that is left. */
  'refund-order': [
    'operationId',
    'fingerprint',
    'orderId',
    'restock',
    'storedOrder',
    'storedEvent',
    'balanceMax',
    'rankingDaysMax',
  ],
  'set-cart-item': ['userId', 'optionId', 'quantity', 'cartItemsMax'],
  'update-coupon': ['couponId', 'changes', 'latchMs'],
  'update-option': ['optionId', 'changes'],
  'update-product': ['productId', 'changes'],
} as const

export type CommandName = keyof typeof commands

export type CommandArguments<Name extends CommandName> = Record<
  (typeof commands)[Name][number],
  string | number
>
