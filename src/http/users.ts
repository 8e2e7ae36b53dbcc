import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { createUser, findUser } from '../db/users.ts'
import { readBalance } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { requireAdmin, requireUser } from './auth.ts'
import { bodyCodes, documented, jsonAnswer, jsonBody } from './contract.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { id, text } from './fields.ts'
import { problem, refuse } from './problem.ts'
import { reply } from './reply.ts'

const userSchema = z
  .object({ id: z.string(), name: z.string().nullable(), email: z.string().nullable() })
  .openapi('User')

const accountSchema = userSchema.extend({ balance: z.int() }).openapi('Account')

const creation = documented('admin', [...bodyCodes, 'user_exists', 'email_taken', 'unavailable'])
const createUserRoute = createRoute({
  method: 'post',
  path: '/v1/users',
  tags: ['users'],
  summary: 'Create a user',
  ...creation.about,
  middleware: [requireAdmin],
  request: {
    body: jsonBody(
      z.strictObject({
        id,
        name: text(limits.nameLengthMax),
        email: z.email().max(limits.emailLengthMax).optional(),
      }),
    ),
  },
  responses: { 201: jsonAnswer(userSchema, 'The user'), ...creation.refusals },
})

const own = documented('user', ['shop_closed', 'unavailable'])
const ownAccountRoute = createRoute({
  method: 'get',
  path: '/v1/me',
  tags: ['users'],
  summary: 'The caller, with the balance of this moment',
  ...own.about,
  middleware: [requireUser],
  responses: { 200: jsonAnswer(accountSchema, 'The caller'), ...own.refusals },
})

const other = documented('admin', [
  'invalid_request',
  'user_not_found',
  'shop_closed',
  'unavailable',
])
const accountRoute = createRoute({
  method: 'get',
  path: '/v1/users/{id}',
  tags: ['users'],
  summary: 'A user, with the balance of this moment',
  ...other.about,
  middleware: [requireAdmin],
  request: { params: z.object({ id }) },
  responses: { 200: jsonAnswer(accountSchema, 'The user'), ...other.refusals },
})

/** Users are kept in Postgres; only their balances are hot. */
export function userRoutes({ redis, orm }: Dependencies) {
  return new OpenAPIHono<Environment>()
    .openapi(createUserRoute, async (c) => {
      const user = { shop: c.get('shop'), ...c.req.valid('json') }
      const outcome = await createUser(orm.em.fork(), user)
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
