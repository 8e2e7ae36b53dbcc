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
  waiting_room_not_found: { status: 404, title: 'There is no waiting room before it' },
  order_not_found: { status: 404, title: 'No such order' },
  order_item_not_found: { status: 404, title: 'The order has no such item' },
  dead_letter_not_found: {
    status: 404,
    title: 'No such dead letter',
    detail: 'There was none, or a retry has given it its rows.',
  },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  user_exists: { status: 409, title: 'A user has this id' },
  email_taken: { status: 409, title: 'A user has this email address' },
  code_taken: { status: 409, title: 'A coupon has this code' },
  balance_limit: { status: 409, title: 'The balance would pass its limit' },
  insufficient_stock: { status: 409, title: 'Fewer units are free than would be taken out' },
  stock_limit: { status: 409, title: 'More units would be free than may be' },
  below_issued: { status: 409, title: 'More user coupons are issued than there would be' },
  coupon_inactive: { status: 409, title: 'The coupon is not active' },
  product_inactive: { status: 409, title: 'The product is not on sale' },
  not_started: { status: 409, title: 'It has not started yet' },
  ended: { status: 409, title: 'It has ended' },
  admission_required: {
    status: 409,
    title: 'There is a waiting room before it',
    detail: 'Enter the waiting room, and come with the pass in the header X-Admission.',
  },
  code_required: { status: 409, title: 'The coupon is claimed by a code' },
  cart_empty: { status: 409, title: 'The cart is empty' },
  cart_full: { status: 409, title: 'The cart has as many lines as it may have' },
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
  nothing_to_refund: { status: 409, title: 'The order has less than that to refund' },
  dead_letter_stale: {
    status: 409,
    title: 'The shop was rebuilt without this event',
    detail:
      'What was decided since then does not know of it. Do it again as a new request, or drop it.',
  },
  dead_letter_dropped: { status: 409, title: 'The dead letter was dropped' },
  dead_letter_refused: {
    status: 409,
    title: 'The event is refused again',
    detail: 'It stays a dead letter, with the new reason and one try more.',
  },
  body_too_large: { status: 413, title: 'The request body is too large' },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used with another body',
    detail: 'Send the first body again to get its answer, or a new key.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    detail: 'Try again after the seconds that the header Retry-After tells.',
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
