import { cartContracts } from './cart.ts'
import type { DocumentedRoute, RouteContract } from './contract.ts'
import { couponContracts } from './coupons.ts'
import { deadLetterContracts } from './dead-letters.ts'
import { operationContracts } from './operations.ts'
import { orderContracts } from './orders.ts'
import { productContracts } from './products.ts'
import { userContracts } from './users.ts'
import { waitingRoomContracts } from './waiting-rooms.ts'
import type { World } from './world.ts'

/** What every route takes and answers. */
export function contractsOf(world: World): RouteContract[] {
  return [
    ...userContracts(world),
    ...productContracts(world),
    ...couponContracts(world),
    ...cartContracts(world),
    ...orderContracts(world),
    ...operationContracts(world),
    ...deadLetterContracts(world),
    ...waitingRoomContracts(world),
  ]
}

/** What `/openapi.json` says, by method and path. */
export async function documentedRoutes({ get }: World): Promise<Map<string, DocumentedRoute>> {
  const { body: document } = await get('/openapi.json')
  return new Map(
    Object.entries<Record<string, DocumentedRoute>>(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => [`${method.toUpperCase()} ${path}`, route]),
    ),
  )
}
