import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { ensureShop, findShop, noteRebuild, raiseEpoch } from '../src/db/shops.ts'
import { newId } from '../src/domain/ids.ts'
import {
  beginRebuild,
  clearShop,
  dropLoaded,
  installShop,
  renewRebuild,
  reopenShop,
} from '../src/engine/rebuild.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { clockOf } from '../src/redis/clock.ts'
import { type LoadedKeyName, loadedKey } from '../src/redis/keys.ts'
import type { Check } from '../src/verify/check.ts'
import { verifyHotState } from '../src/verify/verify.ts'
import { findMisfit } from './continuity.ts'
import { drainOutbox } from './drain-outbox.ts'
import { loadShop } from './rebuild/load-shop.ts'

export type Rebuilt = {
  shop: string
  epoch: number
  /** Events that the outbox still held, and how many of them Postgres refused. */
  drained: number
  deadLetters: number
  /** Of the last event that Postgres has. What was accepted after it is lost. */
  until: string
  tookMs: number
}

/** How far a rebuild has come; with the first of them the shop is closed, and nobody else rebuilds it. */
export type RebuildStage = 'begun' | 'raised' | 'drained' | 'loaded' | 'installed'

const tookOver = 'Another rebuild took over'

/** The rebuild did not come to its end; the shop stays closed. */
export class RebuildFailed extends Error {
  override name = 'RebuildFailed'
}

/**
 * Makes a shop's hot state anew from Postgres: closes the shop, raises its epoch, brings to Postgres what the outbox
 * still holds (or puts it among the dead letters, where a store had gone back in time and it does not fit), drops
 * the old keys, loads new ones beside them, puts these in their place at once, compares them with Postgres, and opens
 * the shop. It may die anywhere: the shop is then closed, and the next rebuild starts from the beginning.
 *
 * @param options.onStage hears how far it has come.
 * @param options.failpoints where a test may stop it: a process can die at any of these points.
 * @returns null where another process is rebuilding the shop.
 * @throws RebuildFailed, or whatever stopped Redis or Postgres.
 */
export async function rebuildShop(options: {
  redis: RedisClient
  orm: MikroORM
  shop: string
  onStage?: (stage: RebuildStage) => void
  failpoints?: Partial<Record<RebuildStage, () => Promise<void>>>
}): Promise<Rebuilt | null> {
  const { redis, orm, shop, onStage, failpoints } = options
  const startedAt = performance.now()
  const db = databaseOf(orm)
  const rebuild = { shop, token: newId() }
  const hotEpoch = await beginRebuild(redis, rebuild)
  if (hotEpoch === null) return null

  const reach = async (stage: RebuildStage) => {
    onStage?.(stage)
    await failpoints?.[stage]?.()
  }
  const renewal = setInterval(() => {
    // Who fails to renew loses the lease, and learns of it when it installs.
    renewRebuild(redis, rebuild).catch(() => {})
  }, limits.rebuildLeaseMs / 4)
  try {
    await reach('begun')
    await ensureShop(db, shop)
    const quarantine = (await findMisfit({ redis, db, shop })) ?? undefined
    const epoch = await raiseEpoch(db, shop, hotEpoch)
    await reach('raised')
    const drained = await drainAll({ redis, orm, shop, epoch, quarantine })
    await reach('drained')
    const { watermark, createdAtMs } = await findShop(db, shop)
    if (watermark.epoch !== epoch) throw new RebuildFailed(tookOver)
    const until = watermark.streamId
    expectStatus('cleared', await clearShop(redis, rebuild, until))
    const now = new Date(await clockOf(redis, shop))
    const keyOf = (name: LoadedKeyName) => loadedKey(rebuild, name)
    await loadShop({ redis, db, shop, epoch, keyOf, now })
    await reach('loaded')
    const events = watermark.events ?? 0n
    const rebuilds = await noteRebuild(db, shop, { epoch, watermark: until })
    const facts = { epoch, createdAtMs, watermark: until, events, rebuilds, now }
    expectStatus('installed', await installShop(redis, rebuild, facts))
    await reach('installed')
    const { checks } = await verifyHotState({ redis, orm }, shop)
    if (checks.some(({ ok }) => !ok)) throw new RebuildFailed(describe(checks))
    expectStatus('opened', await reopenShop(redis, rebuild))
    return { shop, epoch, ...drained, until, tookMs: Math.round(performance.now() - startedAt) }
  } catch (error) {
    await dropLoaded(redis, rebuild).catch(() => {}) // The next rebuild does it.
    throw error
  } finally {
    clearInterval(renewal)
  }
}

async function drainAll(place: {
  redis: RedisClient
  orm: MikroORM
  shop: string
  epoch: number
  quarantine: string | undefined
}): Promise<{ drained: number; deadLetters: number }> {
  const { redis, orm, shop, epoch, quarantine } = place
  const total = { drained: 0, deadLetters: 0 }
  while (true) {
    const { watermark } = await findShop(databaseOf(orm), shop)
    const from = { ...watermark, epoch, events: watermark.events ?? 0n }
    const { events, deadLetters, more } = await drainOutbox({ redis, orm, shop, from, quarantine })
    total.drained += events
    total.deadLetters += deadLetters
    if (!more) return total
  }
}

function expectStatus(wanted: string, status: string): void {
  if (status === 'superseded') throw new RebuildFailed(tookOver)
  if (status !== wanted) throw new RebuildFailed(`The loaded hot state cannot be used: ${status}`)
}

function describe(checks: readonly Check[]): string {
  const names = checks
    .filter(({ ok }) => !ok)
    .map(({ name, off }) => `${name} ${JSON.stringify(off[0])}`)
  return `What was loaded is not what Postgres says: ${names.join('; ')}`
}
