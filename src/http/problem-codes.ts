/**
 * Every refusal of the HTTP contract: code → status, title and, where the code alone leaves a question, detail.
 * `retryAfterSeconds` becomes the header `Retry-After`.
 */
export const problemCodes = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  idempotency_key_required: {
    status: 400,
    title: 'An idempotency key is required',
    detail: 'Send the header Idempotency-Key with 1 to 255 visible ASCII characters.',
  },
  unauthorized: { status: 401, title: 'A valid token is required' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  user_not_found: { status: 404, title: 'No such user' },
  product_not_found: { status: 404, title: 'No such product' },
  option_not_found: { status: 404, title: 'No such product option' },
  coupon_not_found: { status: 404, title: 'No such coupon' },
  code_not_found: { status: 404, title: 'No coupon can be claimed by this code' },
  order_not_found: { status: 404, title: 'No such order' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  user_exists: { status: 409, title: 'A user has this id' },
  email_taken: { status: 409, title: 'A user has this email address' },
  code_taken: { status: 409, title: 'A coupon has this code' },
  balance_limit: { status: 409, title: 'The balance would pass its limit' },
  insufficient_stock: { status: 409, title: 'Fewer units are free than would be taken out' },
  stock_limit: { status: 409, title: 'More units would be free than may be' },
  coupon_inactive: { status: 409, title: 'The coupon is not active' },
  product_inactive: { status: 409, title: 'The product is not on sale' },
  not_started: { status: 409, title: 'It has not started yet' },
  ended: { status: 409, title: 'It has ended' },
  per_user_limit: { status: 409, title: 'The limit per user is reached' },
  sold_out: { status: 409, title: 'Sold out' },
  held: {
    status: 409,
    title: 'All that is left is held by unpaid orders',
    detail: 'Units come free when holds lapse: try again after retryAfterMs.',
  },
  coupon_unavailable: { status: 409, title: 'This user coupon cannot be used' },
  min_order_amount: { status: 409, title: 'The order is too small for the coupon' },
  amount_changed: { status: 409, title: 'The amount is not the expected one' },
  insufficient_balance: { status: 409, title: 'The balance is too low' },
  order_completed: { status: 409, title: 'The order is completed' },
  order_cancelled: { status: 409, title: 'The order was cancelled' },
  order_expired: { status: 409, title: 'The order has expired' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used with another body',
    detail: 'Send the first body again to get its answer, or a new key.',
  },
  internal: { status: 500, title: 'Something went wrong here' },
  shop_closed: { status: 503, title: 'The shop is closed', retryAfterSeconds: 5 },
  backlog_full: { status: 503, title: 'Too much waits to be stored', retryAfterSeconds: 5 },
  unavailable: {
    status: 503,
    title: 'The service is not available',
    detail: 'Whether the request took effect is not known: repeat it as it was.',
    retryAfterSeconds: 1,
  },
} as const

export type ProblemCode = keyof typeof problemCodes
export type StatusOf<Code extends ProblemCode> = (typeof problemCodes)[Code]['status']
