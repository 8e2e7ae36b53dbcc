import { createRoute, z } from '@hono/zod-openapi'
import { databaseOf } from '../db/database.ts'
import {
  type DeadLetter,
  deadLetterIdPattern,
  deadLetterStatuses,
  dropDeadLetter,
  findDeadLetters,
  listDeadLetters,
} from '../dead-letters/dead-letters.ts'
import { retryDeadLetters, retryOldest } from '../dead-letters/retry.ts'
import { limits } from '../limits.ts'
import { refuseBody } from './body.ts'
import {
  bodyCodes,
  documented,
  jsonAnswer,
  jsonBody,
  optionalJsonBody,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { isoOf, isoTime, pageOf, pageQuery, text } from './fields.ts'
import { invalidCursor, problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const letterId = z.string().regex(deadLetterIdPattern, 'Is not the id of an event')
const sampleId = '1796119207412-0'
const params = z.object({ id: letterId.openapi({ param: { example: sampleId } }) })
const tags = ['operations']

const letterSchema = z
  .object({
    id: z.string().openapi({ description: 'Of the event: the time of its decision, in ms.' }),
    status: z.enum(deadLetterStatuses).openapi({
      description: 'OPEN can be retried; STALE no more, the shop was rebuilt without it.',
    }),
    type: z.string(),
    version: z.string().nullable(),
    data: z.string().openapi({ description: 'The event as it came, usually JSON.' }),
    error: z.string().openapi({ description: 'Why it was refused the last time.' }),
    at: isoTime,
    tries: z.int().openapi({ description: 'Retries that were refused.' }),
    triedAt: isoTime.nullable(),
    droppedAt: isoTime.nullable(),
    dropReason: z.string().nullable(),
    orderId: z.string().nullable().openapi({ description: 'The order that it is about, if any.' }),
  })
  .openapi('DeadLetter')

/** A charge that did not fit a constraint which somebody had added by hand. */
const openLetter: z.infer<typeof letterSchema> = {
  id: sampleId,
  status: 'OPEN',
  type: 'balance_charged',
  version: '1',
  data: '{"userId":"alice","amount":20000,"beforeAmount":0,"afterAmount":20000}',
  error: 'new row for relation "balance_history" violates check constraint "amount_below_10000"',
  at: sample.orderedAt,
  tries: 0,
  triedAt: null,
  droppedAt: null,
  dropReason: null,
  orderId: null,
}
const droppedLetter: typeof openLetter = {
  ...openLetter,
  status: 'DROPPED',
  tries: 1,
  triedAt: sample.paidAt,
  droppedAt: sample.refundedAt,
  dropReason: 'Paid back by hand',
}

const list = documented('admin', ['invalid_request', 'unavailable'])
const listRoute = createRoute({
  method: 'get',
  path: '/v1/dead-letters',
  operationId: 'listDeadLetters',
  tags,
  summary: 'Accepted events that Postgres refused, oldest first',
  description:
    'In a healthy shop there is none. Until one is retried, what it says is in no other answer from Postgres.',
  ...list.about,
  request: {
    query: z.strictObject({ ...pageQuery, status: z.enum(deadLetterStatuses).optional() }),
  },
  responses: {
    200: jsonAnswer(pageOf(letterSchema), 'The dead letters', pageExamples([openLetter])),
    ...list.refusals,
  },
})

const one = documented('admin', ['invalid_request', 'unavailable', 'dead_letter_not_found'])
const oneRoute = createRoute({
  method: 'get',
  path: '/v1/dead-letters/{id}',
  operationId: 'readDeadLetter',
  tags,
  summary: 'One dead letter, with the event as it was decided',
  description: '`error` says why Postgres refused it, in its own words.',
  ...one.about,
  request: { params },
  responses: {
    200: jsonAnswer(letterSchema, 'The dead letter', { open: openLetter, dropped: droppedLetter }),
    ...one.refusals,
  },
})

const several = documented('admin', [...bodyCodes, ...readCodes()])
const retrySeveralRoute = createRoute({
  method: 'post',
  path: '/v1/dead-letters/retry',
  operationId: 'retryDeadLetters',
  tags,
  summary: 'Give dead letters their rows: these, or the oldest open ones',
  description:
    'They are retried together, in the order of their events. Each gets all of its rows and is no dead letter any ' +
    'more, or stays one. Repeatable: it happens once.',
  ...several.about,
  request: {
    body: optionalJsonBody(
      z.strictObject({ ids: z.array(letterId).min(1).max(limits.pageItemsMax).optional() }),
      { oldest: {}, these: { ids: [sampleId] } },
    ),
  },
  responses: {
    200: jsonAnswer(
      z
        .object({
          results: z.array(
            z.object({
              id: z.string(),
              result: z.enum(['applied', 'refused', 'not_found', 'stale', 'dropped']),
            }),
          ),
          more: z.boolean().openapi({ description: 'Whether other open ones were not tried.' }),
        })
        .openapi('RetriedDeadLetters'),
      'What became of each',
      { applied: { results: [{ id: sampleId, result: 'applied' }], more: false } },
    ),
    ...several.refusals,
  },
})

const retry = documented('admin', [
  ...bodyCodes,
  ...readCodes([
    'dead_letter_not_found',
    'dead_letter_dropped',
    'dead_letter_stale',
    'dead_letter_refused',
  ]),
])
const retryRoute = createRoute({
  method: 'post',
  path: '/v1/dead-letters/{id}/retry',
  operationId: 'retryDeadLetter',
  tags,
  summary: 'Give a dead letter its rows',
  description: 'Repeatable: it happens once. Afterwards there is no such dead letter.',
  ...retry.about,
  guards: [...retry.about.guards, refuseBody],
  request: { params },
  responses: {
    200: jsonAnswer(z.object({ id: z.string(), result: z.literal('applied') }), 'It has its rows', {
      applied: { id: sampleId, result: 'applied' },
    }),
    ...retry.refusals,
  },
})

const drop = documented('admin', [...bodyCodes, 'unavailable', 'dead_letter_not_found'])
const dropRoute = createRoute({
  method: 'post',
  path: '/v1/dead-letters/{id}/drop',
  operationId: 'dropDeadLetter',
  tags,
  summary: 'Declare that an event will never have rows',
  description: 'It stays on record with the reason. Repeatable: the first reason stands.',
  ...drop.about,
  request: {
    params,
    body: jsonBody(z.strictObject({ reason: text(limits.reasonLengthMax) }), {
      paidBack: { reason: 'Paid back by hand' },
    }),
  },
  responses: {
    200: jsonAnswer(letterSchema, 'The dead letter, DROPPED', { dropped: droppedLetter }),
    ...drop.refusals,
  },
})

/** What becomes of accepted events that Postgres refused; see src/dead-letters/. */
export function deadLetterRoutes({ orm, redis, identify }: Parts) {
  return openRoutes(identify)
    .openapi(listRoute, async (c) => {
      const query = c.req.valid('query')
      const page = await listDeadLetters(databaseOf(orm), c.get('shop'), query)
      if (page === 'bad_cursor') return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(letterView) }, 200)
    })
    .openapi(oneRoute, async (c) => {
      const { id } = c.req.valid('param')
      const [letter] = await findDeadLetters(databaseOf(orm), c.get('shop'), [id])
      if (!letter) return problem(c, 'dead_letter_not_found')
      return reply(c, letterView(letter), 200)
    })
    .openapi(retrySeveralRoute, async (c) => {
      const { ids } = c.req.valid('json')
      const place = { orm, redis, shop: c.get('shop') }
      const { results, more } = ids
        ? { results: await retryDeadLetters(place, [...new Set(ids)]), more: false }
        : await retryOldest(place)
      return reply(c, { results: results.map(({ id, result }) => ({ id, result })), more }, 200)
    })
    .openapi(retryRoute, async (c) => {
      const { id } = c.req.valid('param')
      const [retried] = await retryDeadLetters({ orm, redis, shop: c.get('shop') }, [id])
      const { result = 'not_found' } = retried ?? {}
      if (result !== 'applied') return problem(c, `dead_letter_${result}`)
      return reply(c, { id, result }, 200)
    })
    .openapi(dropRoute, async (c) => {
      const letter = { id: c.req.valid('param').id, reason: c.req.valid('json').reason }
      const dropped = await dropDeadLetter(databaseOf(orm), c.get('shop'), letter)
      if (!dropped) return problem(c, 'dead_letter_not_found')
      return reply(c, letterView(dropped), 200)
    })
}

function letterView({ eventId: _, ...letter }: DeadLetter) {
  return {
    ...letter,
    at: isoOf(letter.at),
    triedAt: isoOf(letter.triedAt),
    droppedAt: isoOf(letter.droppedAt),
  }
}
