import { expect } from 'vitest'
import { reapAllHolds } from '../../../src/engine/reap-holds.ts'
import type { RouteContract } from './contract.ts'
import type { World } from './world.ts'

/** What tells how the engine is. */
export const operationContracts = (world: World): RouteContract[] => [
  {
    route: 'GET /livez',
    auth: 'none',
    request: async () => ({ path: '/livez' }),
    status: 200,
    answer: { ok: true },
  },
  {
    route: 'GET /readyz',
    auth: 'none',
    request: async () => ({ path: '/readyz' }),
    status: 200,
    answer: { ok: true, checks: [] },
  },
  {
    route: 'GET /v1/verify',
    auth: 'admin',
    without: ['invalid_request', 'shop_closed'],
    async request() {
      await world.anOrder()
      // Other routes have let orders lapse by hand, in Redis alone: until they expire that is off.
      await reapAllHolds(world.engine, { shop: world.shop })
      await world.drain()
      return { path: '/v1/verify' }
    },
    status: 200,
    answer: { ok: true, checks: expect.any(Array), backlog: 0, dropped: 0, epoch: 1 },
  },
]
