import { afterAll, expect, it, vi } from 'vitest'
import { openRedisCluster } from '../../fixtures/redis-cluster.ts'
import { type FeedEvent, openFeed } from '../../src/live/feed.ts'
import { openPulse } from '../../src/live/pulse.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { openBooks } from '../workers/books.ts'

const cluster = await openRedisCluster({ replicaCount: 0 })
afterAll(cluster.close)
const books = await openBooks({ redisUrl: cluster.url })
const openSubscriber = () => connectRedis(cluster.url, { name: 'test-feed' })
const feed = openFeed({ ...books, openSubscriber })
afterAll(feed.close)

it('the feed tells the claims of shops on different nodes of a Redis Cluster, and how they stand', async () => {
  // What two API processes decide, each for both shops.
  const pulses = [openPulse(books.redis), openPulse(books.redis)]
  const shops = await Promise.all(
    cluster.masters.slice(1).map(async (node) => {
      const name = await cluster.shopOn(node)
      const events: FeedEvent[] = []
      feed.watch(name, (_, text) => void events.push(JSON.parse(text)), vi.fn())
      const moments = () => events.flatMap((one) => (one.name === 'moment' ? [one.moment] : []))
      return {
        name,
        moments,
        claims: () =>
          moments()
            .flatMap(({ seconds }) => seconds)
            .reduce((sum, { outcomes }) => sum + (outcomes.claims?.claimed ?? 0), 0),
      }
    }),
  )
  const listening = async () => {
    const subscribed = cluster.masters.map(async ({ direct }) =>
      String(await direct.client('LIST')),
    )
    expect((await Promise.all(subscribed)).join('\n')).toMatch(/ sub=1 /)
  }
  await vi.waitFor(listening, { timeout: 10_000, interval: 50 })

  for (const [index, { name }] of shops.entries()) {
    for (const pulse of pulses) {
      const sale = await books.openShop(name, { onBatch: pulse.countBatch })
      const coupon = await sale.coupon({ totalQuantity: 10 })
      for (let user = 0; user <= index; user++) await sale.claim(coupon, `user-${user}`)
    }
  }
  await vi.waitFor(
    async () => {
      for (const pulse of pulses) await pulse.publish()
      expect(shops.map(({ claims }) => claims())).toEqual([2, 4])
      for (const { moments } of shops) {
        expect(moments().at(-1)).toMatchObject({ state: { isOpen: true } })
      }
      const told = shops.flatMap(({ moments }) => moments().map(({ processes }) => processes))
      expect(Math.max(...told)).toBe(2)
    },
    { timeout: 20_000, interval: 200 },
  )
}, 60_000)
