import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { z } from 'zod'
import { type Environment, headerOf } from './environment.ts'
import type { Guard } from './guard.ts'
import { invalidRequest, refuseInvalid } from './problem.ts'

type Target = 'query' | 'param' | 'json'

/** The guards that validate what a route takes, in the order in which it is looked at. */
export function validatorsOf(request: RouteConfig['request']): Guard[] {
  const guards: Guard[] = []
  if (request?.query) guards.push(validateQuery(request.query as z.ZodType))
  if (request?.params) guards.push(validateParams(request.params as z.ZodType))
  const body = request?.body
  const json = body?.content['application/json'] as { schema: z.ZodType } | undefined
  if (json)
    guards.push(body?.required ? validateBody(json.schema) : validateOptionalBody(json.schema))
  return guards
}

function validateQuery(schema: z.ZodType): Guard {
  return (c) => {
    const fields = Object.entries(c.req.queries())
    const query = Object.fromEntries(
      fields.map(([key, all]) => [key, all.length === 1 ? all[0] : all]),
    )
    return validate(c, 'query', schema, query)
  }
}

function validateParams(schema: z.ZodType): Guard {
  return (c) => validate(c, 'param', schema, c.req.param())
}

function validateBody(schema: z.ZodType): Guard {
  return async (c) => {
    const type = headerOf(c, 'content-type')
    if (type !== undefined && !isJson(type)) return notJson(c)
    const text = await c.req.text().catch(() => '')
    if (type === undefined) return text === '' ? validate(c, 'json', schema, {}) : notJson(c)
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return invalidRequest(c, [{ path: '', message: 'The body is not valid JSON' }])
    }
    return validate(c, 'json', schema, body)
  }
}

/**
 * Takes an empty body for none: some clients announce JSON whatever they send, and no text is not JSON.
 */
function validateOptionalBody(schema: z.ZodType): Guard {
  const required = validateBody(schema)
  return (c) => {
    const isEmpty = headerOf(c, 'content-length') === '0'
    return isEmpty ? validate(c, 'json', schema, {}) : required(c)
  }
}

/** Validates without a promise: only so does zod use the checks that it compiles for a schema. */
function validate(
  c: Context<Environment>,
  target: Target,
  schema: z.ZodType,
  value: unknown,
): Response | undefined {
  const result = schema.safeParse(value)
  if (!result.success) return refuseInvalid(c, result.error)
  c.req.addValidatedData(target, result.data as object)
  return undefined
}

const jsonPattern = /^application\/([a-z-.]+\+)?json(;\s*[a-z0-9-]+=[^;]+)*$/i

function isJson(type: string): boolean {
  return type === 'application/json' || jsonPattern.test(type)
}

function notJson(c: Context<Environment>): Response {
  return invalidRequest(c, [{ path: 'content-type', message: 'Must be application/json' }])
}
