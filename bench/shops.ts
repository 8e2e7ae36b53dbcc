import { createSigner } from 'fast-jwt'
import { databaseOf } from '../src/db/database.ts'
import { fingerprint, operationId } from '../src/domain/ids.ts'
import type { Outcome } from '../src/domain/outcome.ts'
import { chargeBalance } from '../src/engine/charge-balance.ts'
import { claimCoupon } from '../src/engine/claim-coupon.ts'
import { createCoupon } from '../src/engine/create-coupon.ts'
import { createProduct } from '../src/engine/create-product.ts'
import { type Engine, openEngine } from '../src/engine/engine.ts'
import { openShop } from '../src/engine/open-shop.ts'
import { shopKey } from '../src/redis/keys.ts'
import { until } from '../src/services/processes.ts'
import { createShop } from '../src/services/shops.ts'
import { verify } from '../src/verify/verify.ts'
import { jwtSecret, type Stage } from './stage.ts'

/** Commands that wait at once for the deciding script while a shop is filled. */
const atOnce = 2_000
const drainMs = 600_000

/** What the price and the discount of everything that is sold here are, in minor units. */
export const price = 2_000
export const discount = 500

/** A shop that is filled by the engine itself and not over HTTP, because only what comes after is measured. */
export type BenchShop = {
  name: string
  engine: Engine
  /** New coupons that one user may claim once. */
  coupons(count: number, quantity: number): Promise<string[]>
  /** A new product with one option; returns the option's id. */
  option(stock: number): Promise<string>
  charge(users: readonly string[], amount: number): Promise<void>
  /** Every user claims the coupon; returns the ids of the user coupons in the order of the users. */
  claim(couponId: string, users: readonly string[]): Promise<string[]>
  /** Undrained events. */
  backlog(): Promise<number>
}

/** The shops of a run. */
export type Shops = {
  /** Opens a shop of the engine, which the worker drains and `verifyAll` proves. */
  open(name: string): Promise<BenchShop>
  /** Opens a shop for a floor: in Redis only, so that nothing is drained. */
  openFloor(name: string): Promise<BenchShop & { drop(): Promise<void> }>
  /** Lets the worker run until no shop has undrained events, and pauses it again. */
  drain(): Promise<void>
  /** Names the checks that do not hold, with their shop. */
  verifyAll(): Promise<string[]>
}

export function openShops(stage: Stage): Shops {
  const { redis, orm } = stage
  const engine = openEngine({ redis, holdMs: 600_000 })
  const opened: BenchShop[] = []
  const isDrained = async () => {
    const backlogs = await Promise.all(opened.map((shop) => shop.backlog()))
    return backlogs.every((backlog) => backlog === 0)
  }
  return {
    async open(name) {
      await createShop({ redis, db: databaseOf(orm) }, name)
      const shop = fill(stage, engine, name)
      opened.push(shop)
      return shop
    },
    async openFloor(name) {
      await openShop(redis, { shop: name })
      const drop = async () => {
        const keys = await redis.keys(`{${name}}:*`)
        if (keys.length > 0) await redis.unlink(...keys)
      }
      return { ...fill(stage, engine, name), drop }
    },
    async drain() {
      stage.worker.resume()
      try {
        if (!(await until(isDrained, drainMs))) throw new Error('The backlog was not drained')
      } finally {
        stage.worker.pause()
      }
    },
    async verifyAll() {
      const off: string[] = []
      for (const { name } of opened) {
        const { checks } = await verify({ redis, orm }, name)
        off.push(...checks.filter((check) => !check.ok).map((check) => `${name}: ${check.name}`))
      }
      return off
    },
  }
}

function fill({ redis }: Stage, engine: Engine, shop: string): BenchShop {
  return {
    name: shop,
    engine,
    async coupons(count, quantity) {
      const created = await inChunks(count, () =>
        createCoupon(engine, {
          shop,
          coupon: {
            name: 'Five off',
            discountType: 'FIXED',
            discountValue: discount,
            minOrderAmount: 0,
            totalQuantity: quantity,
            perUserLimit: 1,
            restoreOnCancel: true,
            codeRequired: false,
            status: 'ACTIVE',
          },
        }),
      )
      return created.map(({ id }) => id)
    },
    async option(stock) {
      const options = [{ optionValue: 'M', price, stock }]
      const product = { name: 'Trainers', status: 'ACTIVE' as const, options }
      const [created] = await inChunks(1, () => createProduct(engine, { shop, product }))
      return created?.options[0]?.id as string
    },
    async charge(users, amount) {
      await inChunks(users.length, (index) => {
        const userId = users[index] as string
        const scope = { shop, userId, route: 'bench', idempotencyKey: 'charge' }
        const operation = { operationId: operationId(scope), fingerprint: fingerprint(amount) }
        return chargeBalance(engine, { shop, userId, amount, ...operation })
      })
    },
    async claim(couponId, users) {
      const claims = await inChunks(users.length, async (index) =>
        claimCoupon(engine, { shop, couponId, userId: users[index] as string }),
      )
      return claims.map(({ userCouponId }) => userCouponId)
    },
    backlog: () => redis.xlen(shopKey(shop, 'outbox')),
  }
}

/** Asks for so many decisions, a bounded number at once; each has to be accepted. */
export async function inChunks<Value>(
  count: number,
  decide: (index: number) => Promise<Outcome<Value, string>>,
): Promise<Value[]> {
  const values: Value[] = []
  while (values.length < count) {
    const size = Math.min(atOnce, count - values.length)
    const from = values.length
    const outcomes = await Promise.all(Array.from({ length: size }, (_, i) => decide(from + i)))
    for (const outcome of outcomes) {
      if (!outcome.ok) throw new Error(`The shop could not be filled: ${outcome.code}`)
      values.push(outcome.value)
    }
  }
  return values
}

/** Names of users as an engine meets them. */
export function userNames(count: number, prefix = 'user'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 100_000}`)
}

/** Tokens of these users, signed before anything is measured. */
export function signTokens(shop: string, users: readonly string[]): string[] {
  const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })
  return users.map((sub) => sign({ sub, shop, role: 'user' }))
}
