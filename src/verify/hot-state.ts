import { sql } from 'kysely'
import { keyLayout, type ShopKeyName, shopKey, shopKeyNames } from '../redis/keys.ts'
import type { CheckRecord } from './check.ts'
import type { Shop } from './shop.ts'

/**
 * Looks whether the shop is open and has all its keys.
 *
 * @returns its epoch, and whether its hot state can be compared at all: one without all its keys cannot.
 */
export async function checkHotState(
  { redis, db, shop }: Shop,
  check: CheckRecord,
): Promise<{ epoch: number; isComplete: boolean }> {
  const names = (Object.keys(shopKeyNames) as ShopKeyName[]).filter((name) => name !== 'sales')
  const [state, hotEpoch, layout] = await redis.hmget(
    shopKey(shop, 'meta'),
    'state',
    'epoch',
    'layout',
  )
  const present = await Promise.all(names.map((name) => redis.exists(shopKey(shop, name))))
  const missing = names.filter((_, index) => present[index] === 0)
  check.report(
    missing.map((name) => ({
      row: `hot state ${name}`,
      fact: 'presence in Redis',
      actual: 'missing',
      expected: 'present',
    })),
  )
  check.count(names.length + 3)

  const { rows } = await sql<{ epoch: number }>`
    select epoch from outbox_watermarks where shop = ${shop}`.execute(db)
  const persistedEpoch = rows[0]?.epoch
  const row = `shop ${shop}`
  if (!missing.includes('meta')) {
    if (state !== 'open') {
      check.report([{ row, fact: 'state in Redis', actual: state ?? null, expected: 'open' }])
    }
    if (layout !== String(keyLayout)) {
      const expected = String(keyLayout)
      check.report([{ row, fact: 'layout in Redis', actual: layout ?? null, expected }])
    }
    if (persistedEpoch !== undefined && hotEpoch !== String(persistedEpoch)) {
      const expected = String(persistedEpoch)
      check.report([{ row, fact: 'epoch in Redis', actual: hotEpoch ?? null, expected }])
    }
  }
  return { epoch: Number(hotEpoch ?? persistedEpoch ?? 0), isComplete: missing.length === 0 }
}
