import { createRoute, z } from '@hono/zod-openapi'
import { type BalanceChange, listBalanceHistory } from '../db/balance-history.ts'
import { findUser } from '../db/users.ts'
import { chargeBalance, chargeBalanceRefusals } from '../engine/charge-balance.ts'
import { readBalance } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import {
  decisionCodes,
  documented,
  jsonAnswer,
  jsonBody,
  keyCodes,
  onceAnswers,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { idParams, integer, isoOf, isoTime, pageOf, pageQuery } from './fields.ts'
import { operationOf } from './idempotency.ts'
import { invalidCursor, problem, refuse } from './problem.ts'
import { reply, replyOnce } from './reply.ts'
import { openRoutes } from './routes.ts'

const chargeSchema = z
  .object({
    id: z.string(),
    type: z.literal('CHARGE'),
    amount: z.int(),
    beforeAmount: z.int(),
    afterAmount: z.int(),
    at: isoTime,
  })
  .openapi('Charge')

const topUp: z.infer<typeof chargeSchema> = {
  id: '1a230f089c0bW3nZ8vKq1xT6sPf0LdGyr',
  type: 'CHARGE',
  amount: 20_000,
  beforeAmount: 0,
  afterAmount: 20_000,
  at: sample.createdAt,
}

const changeSchema = z
  .object({
    id: z.string(),
    type: z.enum(['CHARGE', 'DEDUCT', 'REFUND']),
    amount: z.int().openapi({ description: 'Always positive: the type says which way.' }),
    beforeAmount: z.int(),
    afterAmount: z.int(),
    orderId: z.string().nullable(),
    at: isoTime,
  })
  .openapi('BalanceChange')
const historySchema = pageOf(changeSchema)

const changes: z.infer<typeof changeSchema>[] = [
  {
    id: sample.paymentId,
    type: 'DEDUCT',
    amount: sample.paid,
    beforeAmount: 20_000,
    afterAmount: 20_000 - sample.paid,
    orderId: sample.orderId,
    at: sample.paidAt,
  },
  { ...topUp, orderId: null },
]

const charge = documented('admin', [...keyCodes, ...decisionCodes(chargeBalanceRefusals)])
const chargeRoute = createRoute({
  method: 'post',
  path: '/v1/users/{id}/charges',
  operationId: 'chargeBalance',
  tags: ['balances'],
  summary: "Add to a user's balance",
  description:
    'The user need not exist before. What was paid for by other means comes in here: the balance is what orders are ' +
    'paid from.',
  ...charge.about,
  request: {
    params: idParams(sample.userId),
    body: jsonBody(z.strictObject({ amount: integer(1, limits.chargeMax) }), {
      topUp: { amount: topUp.amount },
    }),
  },
  responses: {
    ...onceAnswers(
      chargeSchema,
      { first: 'The charge', again: 'The charge that this key made before' },
      { topUp },
    ),
    ...charge.refusals,
  },
})

const ownBalance = documented('user', readCodes())
const ownBalanceRoute = createRoute({
  method: 'get',
  path: '/v1/me/balance',
  operationId: 'readOwnBalance',
  tags: ['balances'],
  summary: 'The balance of this moment',
  description: 'It comes from where orders are decided, and is there while Postgres is away.',
  ...ownBalance.about,
  responses: {
    200: jsonAnswer(z.object({ balance: z.int() }), 'The balance', {
      afterTopUp: { balance: topUp.afterAmount },
    }),
    ...ownBalance.refusals,
  },
})

const ownHistory = documented('user', ['invalid_request', 'unavailable'])
const ownHistoryRoute = createRoute({
  method: 'get',
  path: '/v1/me/balance/history',
  operationId: 'listOwnBalanceChanges',
  tags: ['balances'],
  summary: 'Changes of the balance, newest first',
  description: 'Each begins where the one before it ended.',
  ...ownHistory.about,
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(historySchema, 'The changes', pageExamples(changes)),
    ...ownHistory.refusals,
  },
})

const history = documented('admin', ['invalid_request', 'unavailable', 'user_not_found'])
const historyRoute = createRoute({
  method: 'get',
  path: '/v1/users/{id}/balance/history',
  operationId: 'listBalanceChanges',
  tags: ['balances'],
  summary: "Changes of a user's balance, newest first",
  description: 'Each begins where the one before it ended.',
  ...history.about,
  request: { params: idParams(sample.userId), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(historySchema, 'The changes', pageExamples(changes)),
    ...history.refusals,
  },
})

/** A balance is hot; its history is what Postgres has of it. */
export function balanceRoutes({ engine, redis, orm, catchUp, identify }: Parts) {
  return openRoutes(identify)
    .openapi(chargeRoute, async (c) => {
      const { id: userId } = c.req.valid('param')
      const { amount } = c.req.valid('json')
      const outcome = await chargeBalance(engine, {
        shop: c.get('shop'),
        userId,
        amount,
        ...operationOf(c, `POST /v1/users/${userId}/charges`, { amount }),
      })
      if (!outcome.ok) return refuse(c, outcome)
      const { id, beforeAmount, afterAmount, at } = outcome.value
      const body = { id, type: 'CHARGE' as const, amount, beforeAmount, afterAmount, at: isoOf(at) }
      return replyOnce(c, body, outcome.replayed)
    })
    .openapi(ownBalanceRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      return reply(c, { balance: await readBalance(redis, shop, userId) }, 200)
    })
    .openapi(ownHistoryRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      await catchUp(shop)
      const page = await listBalanceHistory(orm.em.fork(), shop, userId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(historyView) }, 200)
    })
    .openapi(historyRoute, async (c) => {
      const { id } = c.req.valid('param')
      const shop = c.get('shop')
      await catchUp(shop)
      const em = orm.em.fork()
      const page = await listBalanceHistory(em, shop, id, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      if (page.items.length === 0 && !(await findUser(em, shop, id))) {
        return problem(c, 'user_not_found')
      }
      return reply(c, { ...page, items: page.items.map(historyView) }, 200)
    })
}

function historyView(change: BalanceChange) {
  return { ...change, at: isoOf(change.at) }
}
