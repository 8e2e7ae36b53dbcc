import { beforeEach, describe, expect, it } from 'vitest'
import {
  beginRebuild,
  clearShop,
  installShop,
  renewRebuild,
  reopenShop,
} from '../../src/engine/rebuild.ts'
import { clockOf } from '../../src/redis/clock.ts'
import { loadedKey, loadedKeyNames, salesDays, shopKey, shopKeys } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('the steps of a rebuild that Redis decides', () => {
  let sale: Sale
  let mine: { shop: string; token: string }
  let other: { shop: string; token: string }
  let watermark: string
  let now: Date
  let today: string
  let yesterday: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    mine = { shop: sale.shop, token: 'mine' }
    other = { shop: sale.shop, token: 'other' }
    now = new Date(await clockOf(redis, sale.shop))
    ;[today, yesterday] = salesDays(now, 2) as [string, string]
    value(await sale.charge('ann', 100))
    watermark = (await redis.xrange(shopKey(sale.shop, 'outbox'), '-', '+'))[0]?.[0] as string
  })

  const meta = () => redis.hgetall(shopKey(sale.shop, 'meta'))
  const endLease = () => redis.hset(shopKey(sale.shop, 'meta'), 'rebuildAt', '0')
  /** Keys that say in their sentinel that they were loaded. */
  async function load() {
    for (const name of loadedKeyNames) {
      const key = loadedKey(mine, name)
      if (name === 'catalog' || name === 'holds') await redis.zadd(key, 0, 'loaded')
      else await redis.hset(key, 'ann', '7')
    }
    await redis.zadd(loadedKey(mine, `sales:${today}`), 1, 'loaded')
  }
  async function install(until = watermark) {
    const facts = {
      createdAtMs: 5,
      watermark: until,
      events: 41n,
      rebuilds: [{ epoch: 9, watermark }],
      now,
    }
    return installShop(redis, mine, { epoch: 9, ...facts })
  }

  it('begun: closes the shop, and says of which epoch it was', async () => {
    expect(await beginRebuild(redis, mine)).toBe(1)
    expect(codeOf(await sale.charge('ann', 1))).toBe('shop_closed')
    await redis.del(...shopKeys(other.shop))
    expect(await beginRebuild(redis, other)).toBe(0)
  })

  it('begun: drops what a dead rebuild had loaded', async () => {
    await beginRebuild(redis, mine)
    await load()
    await endLease()
    await beginRebuild(redis, other)
    expect(await redis.keys(`{${sale.shop}}:rebuild:*`)).toEqual([])
  })

  it('busy: while another rebuild renews its lease', async () => {
    await beginRebuild(redis, mine)
    expect(await beginRebuild(redis, other)).toBeNull()
    await endLease()
    await renewRebuild(redis, mine)
    expect(await beginRebuild(redis, other)).toBeNull()
  })

  it('superseded: renews nothing that has ended or was taken over', async () => {
    await beginRebuild(redis, mine)
    await endLease()
    await beginRebuild(redis, other)
    const before = await meta()
    await renewRebuild(redis, mine)
    expect(await meta()).toEqual(before)
    await reopenShop(redis, other)
    await renewRebuild(redis, other)
    expect(codeOf(await sale.charge('ann', 1))).toBe('ok')
  })

  it('cleared: keeps meta and the outbox only', async () => {
    await beginRebuild(redis, mine)
    expect(await clearShop(redis, mine, watermark)).toBe('cleared')
    expect((await redis.keys(`{${sale.shop}}:*`)).sort()).toEqual(
      [shopKey(sale.shop, 'meta'), shopKey(sale.shop, 'outbox')].sort(),
    )
  })

  it('installed: puts all keys in place, still closed, and counts events on', async () => {
    await beginRebuild(redis, mine)
    await redis.zadd(`{${sale.shop}}:sales:${yesterday}`, 1, 'old')
    await load()
    expect(await install()).toBe('installed')
    expect(await redis.hgetall(shopKey(sale.shop, 'balances'))).toEqual({ ann: '7' })
    expect(await redis.zrange(`{${sale.shop}}:sales:${today}`, '0', '-1')).toEqual(['loaded'])
    expect(await redis.exists(`{${sale.shop}}:sales:${yesterday}`)).toBe(0)
    expect(await redis.keys(`{${sale.shop}}:rebuild:*`)).toEqual([])
    expect(await meta()).toMatchObject({ state: 'closed', epoch: '9', rebuilds: `9=${watermark} ` })
    const info = (await redis.xinfo('STREAM', shopKey(sale.shop, 'outbox'))) as unknown[]
    const field = (name: string) => info[info.indexOf(name) + 1]
    expect([field('length'), field('entries-added')]).toEqual([0, 41])
    expect(field('last-generated-id')).toBe(watermark)
  })

  it('incomplete: installs nothing where a key was not loaded', async () => {
    await beginRebuild(redis, mine)
    await load()
    await redis.del(loadedKey(mine, 'carts'))
    const before = await sale.state()
    expect(await install()).toBe('incomplete')
    expect(await sale.state()).toEqual(before)
  })

  it('undrained: clears and installs nothing while the outbox has a later event', async () => {
    await beginRebuild(redis, mine)
    await load()
    const before = await sale.state()
    expect(await clearShop(redis, mine, '0-0')).toBe('undrained')
    expect(await install('0-0')).toBe('undrained')
    expect(await sale.state()).toEqual(before)
  })

  it('superseded: clears, installs and opens nothing that was taken over', async () => {
    await beginRebuild(redis, mine)
    await load()
    await redis.hset(shopKey(sale.shop, 'meta'), 'rebuild', 'other')
    const before = await sale.state()
    expect(await clearShop(redis, mine, watermark)).toBe('superseded')
    expect(await install()).toBe('superseded')
    expect(await reopenShop(redis, mine)).toBe('superseded')
    expect(await sale.state()).toEqual(before)
  })

  it('opened: decides again, and forgets the rebuild', async () => {
    await beginRebuild(redis, mine)
    expect(await reopenShop(redis, mine)).toBe('opened')
    expect(codeOf(await sale.charge('ann', 1))).toBe('ok')
    expect(Object.keys(await meta()).sort()).toEqual([
      'createdAt',
      'epoch',
      'layout',
      'state',
      'trimmed',
    ])
  })

  it('goes by the clock of Redis', async () => {
    const [seconds] = await redis.time()
    expect(await clockOf(redis, sale.shop)).toBeGreaterThanOrEqual(Number(seconds) * 1_000)
  })
})
