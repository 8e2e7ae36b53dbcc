import { expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { openClient } from '../http/client.ts'
import { openCollector } from './collector.ts'
import { beginTrace } from './engine.ts'
import { traceClient } from './traced-client.ts'

const client = await openClient()

/** The names of the fields of the newest event. */
async function newestFields(): Promise<string[]> {
  const outbox = shopKey(client.shop, 'outbox')
  const [entry] = await client.redis.xrevrange(outbox, '+', '-', 'COUNT', 1)
  return (entry?.[1] ?? []).filter((_, index) => index % 2 === 0)
}

it.each([
  ['parentbased_always_on', '1', [true, false, true]],
  ['parentbased_always_off', '1', [true, false, false]],
  ['parentbased_traceidratio', '0', [true, false, false]],
  ['traceidratio', '1', [true, true, true]],
  ['traceidratio', '0', [false, false, false]],
  ['always_on', '0', [true, true, true]],
  ['always_off', '1', [false, false, false]],
])('%s with %s takes requests of sampled, of other and of no traces: %s', async (...row) => {
  const [sampler, ratio, taken] = row
  const collector = await openCollector()
  const traced = await traceClient(client, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_TRACES_SAMPLER: sampler,
    OTEL_TRACES_SAMPLER_ARG: ratio,
  })
  const coupon = await client.coupon()
  const begun = [beginTrace().headers, beginTrace({ isSampled: false }).headers, {}]
  for (const [index, headers] of begun.entries()) {
    expect(await traced.claim(coupon, `user-${index}`, headers)).toBe(201)
    const fields = taken[index] ? ['type', 'v', 'data', 'traceparent'] : ['type', 'v', 'data']
    expect(await newestFields()).toEqual(fields)
  }
  await traced.close()
  // Each has its own batch, which is traced where the request is.
  const names = collector.spans.map(({ name }) => name)
  const expected = taken.filter((isTaken) => isTaken).length
  expect(names.filter((name) => name === 'EVALSHA decide')).toHaveLength(expected)
  expect(names.filter((name) => name === 'POST /v1/coupons/{id}/claims')).toHaveLength(expected)
})
