import { check, sleep } from 'k6'
import { administer } from './call.ts'
import type { Coupon, Goods, Product } from './goods.ts'
import type { Thresholds } from './outcomes.ts'

type Verification = { ok: boolean; backlog: number; checks: { name: string; ok: boolean }[] }
type Popular = { items: { productId: string; salesCount: number }[] }

const popularMax = 100

/**
 * The threshold that makes a run fail whose books do not balance. A check alone is only counted; those of `checkBook`
 * are tagged, and every one of them has to hold.
 */
export const booksBalance: Thresholds = { 'checks{part:books}': ['rate==1'] }

/** The check that comes last: where it is missing, the books could not be proven. */
export const lastBook = 'verify holds'

/** Checks something that must hold, or the run fails. */
export function checkBook(name: string, holds: boolean): void {
  check(null, { [name]: () => holds }, { part: 'books' })
}

/** Proves what must hold after a run: `claims` by name, that everything is in Postgres, and every check of verify. */
export function checkBooks(claims: Record<string, boolean>): void {
  const verification = askUntil(verify, ({ backlog }) => backlog === 0)
  const off = verification.checks.filter(({ ok }) => !ok).map(({ name }) => name)
  if (off.length > 0) console.error(`verify is off: ${off.join(', ')}`)
  for (const [name, holds] of Object.entries(claims)) checkBook(name, holds)
  checkBook('everything is in Postgres', verification.backlog === 0)
  checkBook(lastBook, verification.ok)
}

/** How a product stands once nothing of it waits for payment any more. */
export function settle(goods: Goods): { sold: number | null; free: number } {
  const look = () => ({ sold: soldUnits(goods), free: freeUnits(goods) })
  const settled = askUntil(look, ({ sold, free }) => sold === null || sold + free === goods.stock)
  if (settled.sold === null) {
    console.warn(`Sold units are proven by verify alone: ${popularMax} products sell better.`)
  }
  return settled
}

/** The book of a product that need not sell out. */
export function soldAndFree(goods: Goods): Record<string, boolean> {
  const { sold, free } = settle(goods)
  return sold === null ? {} : { 'sold + free = stock': sold + free === goods.stock }
}

/** Units of a coupon that were claimed. */
export function issuedUnits(couponId: string): number {
  const read = () => administer<Coupon>('GET /v1/coupons/{id}', { id: couponId })
  // Reads that everybody makes are a moment old, so two that agree tell the truth.
  let last = read()
  return askUntil(read, (now) => {
    const isStill = now.issuedQuantity === last.issuedQuantity
    last = now
    return isStill
  }).issuedQuantity
}

/** Units that were paid and not paid back, by the live ranking; null where it does not reach down to them. */
function soldUnits({ productId }: Goods): number | null {
  // A run may have begun yesterday.
  const query = `days=2&limit=${popularMax}`
  const { items } = administer<Popular>('GET /v1/products/popular', { query })
  const own = items.find((item) => item.productId === productId)
  if (own !== undefined) return own.salesCount
  return items.length < popularMax ? 0 : null
}

function freeUnits({ productId }: Goods): number {
  const { options } = administer<Product>('GET /v1/products/{id}', { id: productId })
  return options.reduce((sum, { stock }) => sum + stock, 0)
}

function verify(): Verification {
  return administer<Verification>('GET /v1/verify', { timeout: '5m' })
}

/**
 * Asks until the condition holds, for 16 s at most, and gives the last answer. Each pause is twice as long as the one
 * before: to prove a large shop again and again would keep Postgres from what is waited for.
 */
function askUntil<Value>(ask: () => Value, isReached: (value: Value) => boolean): Value {
  let value = ask()
  for (let pauseSeconds = 0.25; pauseSeconds <= 8 && !isReached(value); pauseSeconds *= 2) {
    sleep(pauseSeconds)
    value = ask()
  }
  return value
}
