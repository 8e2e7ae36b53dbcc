import { createRoute, z } from '@hono/zod-openapi'
import { createUser, findUser } from '../db/users.ts'
import { readBalance } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { readShopState } from '../services/shops.ts'
import { bodyCodes, documented, jsonAnswer, jsonBody, leadsTo, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { id, idParams, text } from './fields.ts'
import { problem, refuse } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const userSchema = z
  .object({ id: z.string(), name: z.string().nullable(), email: z.string().nullable() })
  .openapi('User')

const accountSchema = z.object({ ...userSchema.shape, balance: z.int() }).openapi('Account')

const alice = { id: sample.userId, name: 'Alice Liddell', email: 'alice@example.com' }
const account = { ...alice, balance: 20_000 }
const unnamed = { id: 'bob', name: null, email: null, balance: 5_000 }

const creation = documented('admin', [...bodyCodes, ...readCodes(['user_exists', 'email_taken'])])
const createUserRoute = createRoute({
  method: 'post',
  path: '/v1/users',
  operationId: 'createUser',
  tags: ['users'],
  summary: 'Create a user',
  description:
    'Nobody has to be created before he buys: whoever has a token is a user. This gives him a name and, where ' +
    'wanted, an email address, which is unique in the shop.',
  ...creation.about,
  request: {
    body: jsonBody(
      z.strictObject({
        id,
        name: text(limits.nameLengthMax),
        email: z
          .email()
          .max(limits.emailLengthMax)
          .optional()
          .openapi({ pattern: z.regexes.email.source }),
      }),
      { named: { id: alice.id, name: alice.name }, reachable: alice },
    ),
  },
  responses: {
    201: jsonAnswer(
      userSchema,
      'The user',
      { reachable: alice },
      leadsTo('id', [
        'readAccount',
        'chargeBalance',
        'listBalanceChanges',
        'listOrders',
        'listUserCoupons',
      ]),
    ),
    ...creation.refusals,
  },
})

const own = documented('user', readCodes())
const ownAccountRoute = createRoute({
  method: 'get',
  path: '/v1/me',
  operationId: 'readOwnAccount',
  tags: ['users'],
  summary: 'The caller, with the balance of this moment',
  description: 'Name and address are null for a user whom nobody has created.',
  ...own.about,
  responses: {
    200: jsonAnswer(accountSchema, 'The caller', { named: account, unnamed }),
    ...own.refusals,
  },
})

const other = documented('admin', ['invalid_request', ...readCodes(['user_not_found'])])
const accountRoute = createRoute({
  method: 'get',
  path: '/v1/users/{id}',
  operationId: 'readAccount',
  tags: ['users'],
  summary: 'A user, with the balance of this moment',
  description:
    'Somebody who has never done anything in the shop, and whom nobody created, is no user.',
  ...other.about,
  request: { params: idParams(sample.userId) },
  responses: {
    200: jsonAnswer(accountSchema, 'The user', { named: account, unnamed }),
    ...other.refusals,
  },
})

/** Users are kept in Postgres; only their balances are hot. No shop gets users that does not exist. */
export function userRoutes({ redis, orm, identify }: Parts) {
  return openRoutes(identify)
    .openapi(createUserRoute, async (c) => {
      const shop = c.get('shop')
      const { isOpen, missingKeys } = await readShopState(redis, shop)
      if (!isOpen || missingKeys > 0) return problem(c, 'shop_closed')
      const outcome = await createUser(orm.em.fork(), { shop, ...c.req.valid('json') })
      if (!outcome.ok) return refuse(c, outcome)
      return reply(c, outcome.value, 201)
    })
    .openapi(ownAccountRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const [balance, user] = await Promise.all([
        readBalance(redis, shop, userId),
        findUser(orm.em.fork(), shop, userId),
      ])
      return reply(c, { ...(user ?? { id: userId, name: null, email: null }), balance }, 200)
    })
    .openapi(accountRoute, async (c) => {
      const { id } = c.req.valid('param')
      const [balance, user] = await Promise.all([
        readBalance(redis, c.get('shop'), id),
        findUser(orm.em.fork(), c.get('shop'), id),
      ])
      // A user who was charged a moment ago may not be in Postgres yet.
      if (!user && balance === 0) return problem(c, 'user_not_found')
      return reply(c, { ...(user ?? { id, name: null, email: null }), balance }, 200)
    })
}
