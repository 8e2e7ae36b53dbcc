import type { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { databaseOf } from '../db/database.ts'
import { listWatermarks } from '../db/shops.ts'
import { idPattern } from '../domain/ids.ts'
import { limits } from '../limits.ts'
import { signTokensWith } from '../services/token-signer.ts'
import { requireAdmin } from './auth.ts'
import type { Parts } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { type Guard, guarded } from './guard.ts'
import { measured } from './measured.ts'
import { isPlayground } from './operator.ts'
import { invalidRequest, problem, refuseForNow } from './problem.ts'
import { fixedHeaders, headersOf, reply } from './reply.ts'
import { identifyRequest } from './request-id.ts'

/** What the live page is told when it opens. */
export type Session = {
  /** A token of an admin of the shop; null where this engine signs none, and the operator brings his own. */
  token: string | null
  shops: string[]
  /** Whether the demo may be run here. */
  hasStorm: boolean
}

/** The addresses that the live page uses beside the public ones. */
export const opsPaths = ['/ops/session', '/ops/feed', '/ops/storm']

/**
 * Adds what the live page needs. An operator is known by his password, which the browser sends along with everything
 * it asks of this server, even for a page of somebody else: so what the password opens only reads. Whatever changes
 * something takes a token, which no other page can get at.
 */
export function addOpsRoutes(app: Hono<Environment>, parts: Parts): void {
  const { config, orm, feed, operators, operatorsOnly } = parts
  // It fills the shop with buyers and orders, and nobody takes those out of a shop that is real.
  const runStorm = isPlayground(operators, config) ? parts.runStorm : null
  const isOperator = [identifyRequest, operatorsOnly, takeWatchedShop]
  const sign = config.JWT_SECRET
    ? signTokensWith(config.JWT_SECRET, config, limits.operatorTokenMs)
    : null

  const openSession = guarded(isOperator, async (c) => {
    const watermarks = await listWatermarks(databaseOf(orm)).catch(() => [])
    const session: Session = {
      token: sign?.({ sub: 'operator', role: 'admin', shop: c.get('shop') }) ?? null,
      shops: watermarks.map(({ shop }) => shop),
      hasStorm: runStorm !== null,
    }
    return reply(c, session, 200)
  })
  app.get('/ops/session', measured('GET', '/ops/session', openSession))

  const watch = guarded(isOperator, (c) => {
    const own = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }
    for (const [name, value] of Object.entries(headersOf(c, own))) c.header(name, value)
    const shop = c.get('shop')
    let isFull = false
    const stream = streamSSE(c, async (viewer) => {
      const { promise: end, resolve } = Promise.withResolvers<void>()
      viewer.onAbort(resolve)
      let isBusy = false
      const send = async (event: string, data: string) => {
        // A viewer who does not keep up misses moments; they are not kept for him.
        if (isBusy && event === 'moment') return
        isBusy = true
        await viewer.writeSSE({ event, data })
        isBusy = false
      }
      const watching = feed.watch(shop, (name, text) => void send(name, text), resolve)
      isFull = watching === null
      if (watching) await end
      watching?.stop()
    })
    if (isFull) {
      return refuseForNow(c, limits.liveViewerRetrySeconds, { detail: 'As many watch as may.' })
    }
    // The stream sets `no-cache`, by which a browser may keep what an operator saw.
    stream.headers.set('cache-control', fixedHeaders['cache-control'])
    return stream
  })
  app.get('/ops/feed', measured('GET', '/ops/feed', watch))

  const storm = guarded([identifyRequest, parts.identify, requireAdmin], async (c) => {
    if (!runStorm) {
      return problem(c, 'forbidden', { detail: 'The storm is for a demo shop of one machine.' })
    }
    return reply(c, await runStorm(), 200)
  })
  app.post('/ops/storm', measured('POST', '/ops/storm', storm))
}

/** The page names the shop that it shows. */
const takeWatchedShop: Guard = (c) => {
  const shop = c.req.query('shop') ?? 'main'
  if (!idPattern.test(shop)) {
    return invalidRequest(c, [{ path: 'shop', message: 'Is not the id of a shop' }])
  }
  c.set('shop', shop)
  return undefined
}
