import { createRoute, z } from '@hono/zod-openapi'
import type { MikroORM } from '@mikro-orm/postgresql'
import { listClaimableIds } from '../db/coupons.ts'
import { readCoupons } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { documented, jsonAnswer, readCodes } from './contract.ts'
import { couponSchema, couponView, tenthOff } from './coupon-view.ts'
import type { Parts } from './dependencies.ts'
import { openGenerations } from './generations.ts'
import { replyJson, toJson } from './reply.ts'
import { openRoutes } from './routes.ts'

const list = documented('public', ['invalid_request', ...readCodes()])
const claimableRoute = createRoute({
  method: 'get',
  path: '/v1/coupons/claimable',
  operationId: 'listClaimableCoupons',
  tags: ['coupons'],
  summary: 'Coupons that anybody may claim by their ids, now or later',
  description:
    `The newest ${limits.claimableCouponsMax} of those that are active and have not ended, with their counters of ` +
    'this moment; sold-out ones are among them. A coupon with a code, or for which one is required, is not: whoever ' +
    'is to have it is told of it.',
  ...list.about,
  request: { query: z.strictObject({}) },
  responses: {
    200: jsonAnswer(z.object({ items: z.array(couponSchema) }), 'The coupons, newest first', {
      one: { items: [tenthOff] },
      none: { items: [] },
    }),
    ...list.refusals,
  },
})

/** What everybody looks at before a sale: one answer for all, from Redis but for which coupons there are. */
export function claimableCouponRoutes({ redis, orm, copyOf, identify }: Parts) {
  const claimableIds = openClaimableIds(orm)
  return openRoutes(identify).openapi(claimableRoute, async (c) => {
    const shop = c.get('shop')
    const coupons = await copyOf(shop, 'claimable coupons', async () => {
      const found = await readCoupons(redis, shop, await claimableIds(shop))
      const nowMs = Date.now()
      // Postgres is a little behind: what was paused, or has ended since, is known here.
      const claimable = found.filter(
        ({ status, validUntil = nowMs + 1 }) => status === 'ACTIVE' && validUntil > nowMs,
      )
      return toJson({ items: claimable.map(couponView) })
    })
    return replyJson(c, coupons, 200)
  })
}

type Known = { ids: string[] | null; askedAtMs: number; asking: Promise<void> | null }

/**
 * Remembers which coupons of a shop can be claimed, because only Postgres can tell. Nobody waits for it but who comes
 * first: the list goes on while Postgres is away, as the sale does.
 *
 * @returns a function that throws where nothing is known yet and Postgres does not answer.
 */
function openClaimableIds(orm: MikroORM): (shop: string) => Promise<string[]> {
  const shops = openGenerations<Known>(limits.readCopiesMax)

  async function ask(shop: string, known: Known): Promise<void> {
    const page = { now: new Date(), limit: limits.claimableCouponsMax }
    try {
      known.ids = await listClaimableIds(orm.em.fork(), shop, page)
    } finally {
      known.asking = null
      known.askedAtMs = performance.now()
    }
  }

  return async (shop) => {
    const known = shops.get(shop) ?? { ids: null, askedAtMs: 0, asking: null }
    shops.set(shop, known)
    const isOld = performance.now() - known.askedAtMs > limits.claimableIdsMs
    if (known.ids !== null) {
      if (isOld) known.asking ??= ask(shop, known).catch(() => {})
      return known.ids
    }
    known.asking ??= ask(shop, known)
    await known.asking
    return known.ids ?? []
  }
}
