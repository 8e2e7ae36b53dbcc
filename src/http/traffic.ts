import type { Context } from 'hono'
import type { Config } from '../config.ts'
import type { RedisClient } from '../redis/client.ts'
import { callerOf } from './auth.ts'
import type { AddressOf } from './client-address.ts'
import type { Environment } from './environment.ts'
import type { Guard } from './guard.ts'
import { refuseForNow } from './problem.ts'
import { openRequestMeter, type RequestMeter } from './request-meter.ts'

type Traffic = Pick<Config, 'REQUESTS_PER_USER' | 'REQUESTS_PER_ADDRESS'>

/** The meters of one kind of sender: reads and writes are counted apart, so that who only looks can still buy. */
type Meters = { reads: RequestMeter; writes: RequestMeter }

/**
 * Finds out who makes a request, and refuses whom makes too many of them: first by his address, so that tokens cannot
 * be guessed without end, then by his token. Admins act for the shop and are not counted as users.
 *
 * The headers follow draft-ietf-httpapi-ratelimit-headers: the policy of whom the request was counted for last.
 */
export function identifyWithin(
  identify: Guard,
  redis: RedisClient,
  addressOf: AddressOf,
  traffic: Traffic,
): Guard {
  const ofUser = openMeters(redis, 'user', traffic.REQUESTS_PER_USER)
  const ofAddress = openMeters(redis, 'address', traffic.REQUESTS_PER_ADDRESS)

  const limitAddress: Guard = (c) => {
    const address = addressOf(c)
    return address === null ? undefined : limit(c, ofAddress, address)
  }
  const limitUser: Guard = (c) => {
    const caller = callerOf(c)
    if (!caller || caller.role === 'admin') return undefined
    return limit(c, ofUser, `${caller.shop}:${caller.userId}`)
  }
  return (c) => {
    const refusal = limitAddress(c)
    if (refusal !== undefined) return refusal
    const unknown = identify(c)
    if (unknown instanceof Promise) return unknown.then((answer) => answer ?? limitUser(c))
    return unknown ?? limitUser(c)
  }
}

function openMeters(redis: RedisClient, kind: string, max: number): Meters {
  return {
    reads: openRequestMeter(redis, { name: `${kind}-reads`, max }),
    writes: openRequestMeter(redis, { name: `${kind}-writes`, max }),
  }
}

function limit(c: Context<Environment>, meters: Meters, sender: string): Response | undefined {
  const meter = c.req.method === 'GET' ? meters.reads : meters.writes
  const { left, resetSeconds } = meter.take(sender)
  const headers = c.get('headers')
  headers['ratelimit-policy'] = meter.policy
  headers.ratelimit = `"${meter.name}";r=${Math.max(0, left)};t=${resetSeconds}`
  if (left >= 0) return undefined
  return refuseForNow(c, resetSeconds)
}
