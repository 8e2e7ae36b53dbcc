import type { Hono } from 'hono'
import { fingerprint, newId, operationId } from '../domain/ids.ts'
import { chargeBalance } from '../engine/charge-balance.ts'
import { limits } from '../limits.ts'
import { signTokensWith } from '../services/token-signer.ts'
import { takeShop } from './auth.ts'
import type { Parts } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { guarded } from './guard.ts'
import { measured } from './measured.ts'
import { isMeantForHere, isPlayground } from './operator.ts'
import { isFromOwnPage } from './own-pages.ts'
import { problem, refuse } from './problem.ts'
import { reply } from './reply.ts'
import { identifyRequest } from './request-id.ts'

/** What the buyer's page is told when it opens. */
export type ShopSession = {
  /** Whether the page may make a demo buyer here; elsewhere a buyer brings his own token. */
  hasDemoBuyers: boolean
}

/** The token of a new demo buyer. */
export type DemoBuyer = { token: string }

/** The address that the buyer's page uses beside the public ones. */
export const shopSessionPath = '/shop/session'

/**
 * Adds the sign-in of the buyer's page. On the embedded default, with a demo shop, the page gets a buyer by asking;
 * everywhere else there is nothing to ask for.
 *
 * What can be had is a buyer whom nobody was before: his id is made here, by chance, and his token says `user`. The
 * request has no field that could name somebody else or another role. Who asks must be a page of this server on this
 * machine: another page could neither read the answer, nor shall it fill the shop with buyers.
 */
export function addShopSession(app: Hono<Environment>, parts: Parts): void {
  const { config, engine, operators } = parts
  const key = isPlayground(operators, config) ? config.JWT_SECRET : undefined
  const sign = key ? signTokensWith(key, config, limits.demoBuyerTokenMs) : null

  const tell = guarded([identifyRequest], (c) => {
    const session: ShopSession = { hasDemoBuyers: sign !== null && isMeantForHere(c) }
    return reply(c, session, 200)
  })
  app.get(shopSessionPath, measured('GET', shopSessionPath, tell))

  const enter = guarded([identifyRequest, takeShop], async (c) => {
    if (!sign || !isMeantForHere(c) || !isFromOwnPage(c)) {
      return problem(c, 'forbidden', { detail: 'No buyers are made here: bring a token.' })
    }
    const shop = c.get('shop')
    const userId = `demo-${newId()}`
    const amount = limits.demoBuyerBalance
    const scope = { shop, userId, route: `POST ${shopSessionPath}`, idempotencyKey: userId }
    const charged = await chargeBalance(engine, {
      shop,
      userId,
      amount,
      operationId: operationId(scope),
      fingerprint: fingerprint({ amount }),
    })
    if (!charged.ok) return refuse(c, charged)
    const buyer: DemoBuyer = { token: sign({ sub: userId, role: 'user', shop }) }
    return reply(c, buyer, 201)
  })
  app.post(shopSessionPath, measured('POST', shopSessionPath, enter))
}
