import type { ProblemCode } from '../../http/problem-codes.ts'

/** What a refusal means to a buyer, and what he can do next. */
export type Explanation = { title: string; next: string }

/** In plain words: every refusal that a buyer can meet. */
export const explanations = {
  sold_out: {
    title: 'Sold out',
    next: 'Others were faster: every unit is taken for good. If the shop adds more, this page shows it.',
  },
  held: {
    title: 'All that is left is reserved',
    next: 'Others have reserved it and have not paid yet. What they leave comes back: try again then.',
  },
  not_started: {
    title: 'It has not started yet',
    next: 'The countdown runs on the clock of the shop. Try again when it is over.',
  },
  ended: {
    title: 'It is over',
    next: 'This offer has ended, and nothing was taken. Look what else is on sale.',
  },
  product_inactive: {
    title: 'Not on sale right now',
    next: 'The shop has taken it off sale. Nothing was taken; it may come back later.',
  },
  coupon_inactive: {
    title: 'This coupon is paused',
    next: 'The shop has paused or ended it. Your other coupons are not touched.',
  },
  coupon_unavailable: {
    title: 'This coupon cannot be used now',
    next: 'It is used, expired, or held by another order of yours. Choose another one, or order without.',
  },
  min_order_amount: {
    title: 'The order is too small for this coupon',
    next: 'Add something, or order without the coupon.',
  },
  amount_changed: {
    title: 'The price has changed',
    next: 'Nothing was ordered. Look at the new amount, and order if you like it.',
  },
  insufficient_balance: {
    title: 'Your balance is too low',
    next: 'Nothing was paid. Order less, use a coupon, or reserve it now and pay before the time is up.',
  },
  balance_limit: {
    title: 'The balance is as high as it may be',
    next: 'Spend some of it first.',
  },
  per_user_limit: {
    title: 'You have as many as one buyer may have',
    next: 'What you have reserved counts too. Order fewer, or cancel a reservation.',
  },
  admission_required: {
    title: 'There is a waiting room before it',
    next: 'You have stopped waiting, or your turn is over. Try again to get a place.',
  },
  code_required: {
    title: 'This coupon needs a code',
    next: 'Enter the code that you were given.',
  },
  code_not_found: {
    title: 'This code does not work',
    next: 'Look at it letter by letter: upper and lower case are the same. It may also be used, or not valid now.',
  },
  cart_empty: {
    title: 'Your bag is empty',
    next: 'Put something in. An order that you made elsewhere may have emptied it.',
  },
  cart_full: {
    title: 'Your bag is full',
    next: 'It has as many different things as it may have. Order it first, or take something out.',
  },
  order_completed: {
    title: 'This order is paid',
    next: 'It cannot be cancelled any more. Ask the shop for a refund.',
  },
  order_cancelled: {
    title: 'This order was cancelled',
    next: 'Nothing was paid. Order again if you still want it.',
  },
  order_expired: {
    title: 'The time to pay is over',
    next: 'What you had reserved went back on sale, and your coupon came back. Order again.',
  },
  product_not_found: {
    title: 'This product is not there',
    next: 'Reload the page to see what is.',
  },
  option_not_found: {
    title: 'This choice is not there any more',
    next: 'Reload the page, and choose again.',
  },
  coupon_not_found: {
    title: 'This coupon is not there any more',
    next: 'Reload the page to see which ones are.',
  },
  order_not_found: {
    title: 'This order cannot be found',
    next: 'Are you signed in as the buyer who made it?',
  },
  rate_limited: {
    title: 'Too many attempts',
    next: 'The shop takes no more of them for a while. Wait, then try again.',
  },
  unauthorized: {
    title: 'You are not signed in any more',
    next: 'Your token is not valid, or its time is over. Sign in again.',
  },
  forbidden: {
    title: 'This is not allowed',
    next: 'Sign in as a buyer of this shop.',
  },
  shop_closed: {
    title: 'The shop is closed for a moment',
    next: 'It opens again by itself, with all that it has promised. Try again in a few seconds.',
  },
  backlog_full: {
    title: 'The shop takes a breath',
    next: 'It has accepted more than it can store at once. Try again in a few seconds.',
  },
  unavailable: {
    title: 'The shop did not answer',
    next: 'It may or may not have happened. Try again: what was done is not done twice.',
  },
  internal: {
    title: 'Something went wrong in the shop',
    next: 'It may or may not have happened. Try again: what was done is not done twice.',
  },
  invalid_request: {
    title: 'The shop did not understand this page',
    next: 'Reload the page. If it happens again, tell the shop.',
  },
  idempotency_key_required: {
    title: 'The shop did not understand this page',
    next: 'Reload the page. If it happens again, tell the shop.',
  },
  idempotency_key_reused: {
    title: 'This was ordered before, in another way',
    next: 'Look under your orders before you order again.',
  },
  body_too_large: {
    title: 'This is too much for one order',
    next: 'Order fewer different things at once.',
  },
} as const satisfies Partial<Record<ProblemCode, Explanation>>

/** What a refusal means; of one that nobody foresaw, what the shop itself says. */
export function explain(problem: { code: string; title: string; detail: string }): Explanation {
  const known: Record<string, Explanation> = explanations
  return known[problem.code] ?? { title: problem.title, next: problem.detail }
}
