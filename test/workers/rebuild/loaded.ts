import { sql } from 'kysely'
import { databaseOf } from '../../../src/db/database.ts'
import { newId } from '../../../src/domain/ids.ts'
import { type LoadedKeyName, loadedKey, loadedKeyNames } from '../../../src/redis/keys.ts'
import { loadShop } from '../../../workers/rebuild/load-shop.ts'
import type { Books, Shop } from '../books.ts'

/**
 * Loads a shop beside itself, as of a moment that is now unless it is given.
 *
 * @param onKey is told of every key that is about to be written.
 */
export async function loadBeside(
  books: Books,
  { shop, redis }: Shop,
  now = new Date(),
  onKey: (name: LoadedKeyName) => void = () => {},
) {
  const rebuild = { shop, token: newId() }
  const keyOf = (name: LoadedKeyName) => {
    onKey(name)
    return loadedKey(rebuild, name)
  }
  const db = databaseOf(books.orm)
  const counts = await loadShop({ redis, db, shop, keyOf, epoch: 1, now })
  const keys = await redis.keys(`${keyOf('sales:')}*`)
  const days = keys.map((key) => key.slice(keyOf('sales:').length))
  const pairs = [...loadedKeyNames, ...days.map((day) => `sales:${day}` as const)].map(
    (name) => [keyOf(name), `{${shop}}:${name}`] as const,
  )
  return {
    counts,
    /** What was loaded, under the names that the keys of the shop have. */
    async content() {
      const state = await contentOf({ shop, redis }, (key) => key.includes(':rebuild:'))
      return Object.fromEntries(pairs.map(([from, to]) => [to, state[from]]))
    },
    /** Puts it in the place of the shop's own keys. */
    async install() {
      for (const key of await redis.keys(`{${shop}}:sales:*`)) await redis.del(key)
      for (const [from, to] of pairs) await redis.rename(from, to)
    },
    async drop() {
      await redis.del(...pairs.map(([from]) => from))
    },
  }
}

/** What the shop's own keys hold, but for those that a load leaves alone. */
export async function hotContent(shop: Shop) {
  return contentOf(shop, (key) => !/:(rebuild:.*|meta|outbox)$/.test(key))
}

async function contentOf(
  { shop, redis }: Pick<Shop, 'shop' | 'redis'>,
  isWanted: (key: string) => boolean,
): Promise<Record<string, unknown>> {
  const keys = (await redis.keys(`{${shop}}:*`)).filter(isWanted)
  return Object.fromEntries(
    await Promise.all(
      keys.map(async (key) => {
        const isHash = (await redis.type(key)) === 'hash'
        if (!isHash) return [key, await redis.zrange(key, '0', '-1', 'WITHSCORES')]
        const fields = Object.entries(await redis.hgetall(key))
        return [
          key,
          Object.fromEntries(fields.map(([name, value]) => [name, meaningOf(key, value)])),
        ]
      }),
    ),
  )
}

/** Records as what their JSON says. */
function meaningOf(key: string, value: string): unknown {
  if (!value.startsWith('{')) return value
  const record = JSON.parse(value)
  // When a coupon was last changed: no decision looks at it and no answer tells it, so it is not loaded.
  if (key.endsWith(':coupons')) delete record.updatedAt
  return record
}

/**
 * Tells Postgres the times that a test has set by hand in Redis only: those of lapsed orders and user coupons.
 */
export async function tellTimes({ orm }: Books, { shop }: Shop): Promise<void> {
  const db = databaseOf(orm)
  await sql`update orders set expires_at = to_timestamp(0.001)
    where shop = ${shop} and status = 'EXPIRED'`.execute(db)
  await sql`update user_coupons set expires_at = to_timestamp(0.001)
    where shop = ${shop} and status = 'EXPIRED' and expires_at is not null`.execute(db)
}
