import { createConfig, lintFromString } from '@redocly/openapi-core'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { problemCodes } from '../../src/http/problem-codes.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { body: document } = await client.get('/openapi.json')

type Example = { value?: unknown; $ref?: string }
type Media = { schema: object; examples?: Record<string, Example> }
type Answer = {
  content: Record<string, Media>
  headers: Record<string, unknown>
  links?: Record<string, { operationId: string; parameters: Record<string, string> }>
}
type Operation = {
  operationId?: string
  tags?: string[]
  summary?: string
  description?: string
  'x-refusals'?: (keyof typeof problemCodes)[]
  parameters?: { name: string; in: string; required?: boolean; example?: unknown }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, Answer>
}

const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, it]) => ({
      ...it,
      name: `${method.toUpperCase()} ${path}`,
    })),
)
const { examples: problemExamples } = document.components
const problemType = 'application/problem+json'

/** The bodies of all routes with the schemas that check them, and the examples that the document has of them. */
const bodies = client.app.openAPIRegistry.definitions.flatMap((definition) => {
  if (definition.type !== 'route') return []
  const { method, path, request, responses } = definition.route
  const contents = [
    ['request', request?.body?.content] as const,
    ...Object.entries(responses).map(
      ([status, answer]) => [status, 'content' in answer ? answer.content : undefined] as const,
    ),
  ]
  return contents.flatMap(([part, content]) =>
    Object.values((content ?? {}) as Record<string, { schema: z.ZodType; examples: object }>).map(
      ({ schema, examples }) => ({
        name: `${method.toUpperCase()} ${path} ${part}`,
        isRequest: part === 'request',
        schema,
        examples: Object.entries<Example>({ ...examples }).map(
          ([name, example]) => [name, resolve(example)] as const,
        ),
      }),
    ),
  )
})

function resolve(example: Example): unknown {
  const [, code] = /^#\/components\/examples\/(\w+)$/.exec(example.$ref ?? '') ?? []
  return code === undefined ? example.value : problemExamples[code].value
}

describe('/openapi.json', () => {
  it('is an OpenAPI 3.1 document, in which everything fits together', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        'info-license': 'off',
        // What refuses nobody: the health of a process.
        'operation-4xx-response': 'off',
        // It takes a field that must not be there for one that must.
        'no-required-schema-properties-undefined': 'off',
        // Addresses without a route have problems too.
        'no-unused-components': 'off',
      },
    })
    const problems = await lintFromString({ source: JSON.stringify(document), config })
    expect(problems.map(({ message, location }) => [location[0]?.pointer, message])).toEqual([])
  })

  it('says what each operation is called, does and belongs to', () => {
    const tags = document.tags.map(({ name }: { name: string }) => name)
    const incomplete = operations.filter(
      ({ operationId = '', tags: [tag = '', ...more] = [], summary, description }) =>
        !/^[a-z][A-Za-z]+$/.test(operationId) ||
        !tags.includes(tag) ||
        more.length > 0 ||
        !summary ||
        !description,
    )
    expect(incomplete.map(({ name }) => name)).toEqual([])
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids.length).toBe(new Set(ids).size)
  })

  it('has an example of every body and every success', () => {
    expect(bodies.length).toBeGreaterThan(operations.length)
    expect(bodies.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual(
      [],
    )
  })

  it('has an example of every refusal of a route, at its status', () => {
    for (const { name, responses, ...operation } of operations) {
      const codes = operation['x-refusals'] ?? []
      const shown = Object.entries(responses).flatMap(([status, { content }]) =>
        Object.keys(content[problemType]?.examples ?? {}).map((code) => [code, Number(status)]),
      )
      const refusals = codes.map((code) => [code, problemCodes[code].status])
      expect([name, Object.fromEntries(shown)]).toEqual([name, Object.fromEntries(refusals)])
    }
  })

  it('has an example of every parameter that must be given', () => {
    const lacking = operations.flatMap(({ name, parameters = [] }) =>
      parameters
        .filter((it) => it.required && it.example === undefined)
        .map((it) => [name, it.name]),
    )
    expect(lacking).toEqual([])
  })

  it.each(bodies)('shows for $name what its schema takes, and no field besides', (body) => {
    for (const [name, example] of body.examples) {
      const result = body.schema.safeParse(example)
      expect([name, result.error]).toEqual([name, undefined])
      // Requests are refused for what they have besides; what an answer has besides is left out of the result.
      if (!body.isRequest) expect(result.data).toEqual(example)
    }
  })

  it('shows problems as they are answered', async () => {
    const { body } = await client.call('GET', '/v1/me', { headers: { 'x-request-id': 'mine' } })
    const { value } = problemExamples.unauthorized
    expect(body).toEqual({ ...value, requestId: 'mine' })
  })

  it('names the headers that answers carry', async () => {
    const option = await client.option()
    const order = {
      token: client.user('ann'),
      key: 'k',
      body: { items: [{ optionId: option, quantity: 1 }] },
    }
    const operation = operations.find(({ operationId }) => operationId === 'placeOrder')
    const answers = [
      await client.post('/v1/orders', order),
      await client.post('/v1/orders', order),
      await client.post('/v1/orders', { ...order, token: undefined }),
    ]
    for (const { status, headers } of answers) {
      const named = Object.keys(operation?.responses[status]?.headers ?? {})
      const told = Object.keys(document.components.headers).filter((name) => headers.has(name))
      expect([status, told.sort()]).toEqual([status, named.sort()])
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 401])
  })

  it('leads from an answer to operations that take something of it', () => {
    const links = operations.flatMap(({ name, responses }) =>
      Object.values(responses).flatMap((answer) =>
        Object.values(answer.links ?? {}).map((link) => ({ name, answer, ...link })),
      ),
    )
    expect(links.length).toBeGreaterThan(20)
    for (const { name, answer, operationId, parameters } of links) {
      const target = operations.find((it) => it.operationId === operationId)
      for (const [parameter, expression] of Object.entries(parameters)) {
        expect([name, target?.parameters?.map((it) => it.name)]).toEqual([
          name,
          expect.arrayContaining([parameter]),
        ])
        const path = expression.replace('$response.body#/', '').split('/')
        for (const { value } of Object.values(answer.content['application/json']?.examples ?? {})) {
          const found = path.reduce((at, key) => (at as Record<string, unknown>)[key], value)
          expect([name, expression, found]).toEqual([name, expression, expect.any(String)])
        }
      }
    }
  })

  it('leads to pages that are served', async () => {
    const { description } = document.info
    const links = [...description.matchAll(/\]\((\/[^)]+)\)/g)].map(([, link]) => link)
    for (const link of [...links, document.externalDocs.url]) {
      expect(await client.get(link)).toMatchObject({ status: 200 })
    }
    expect(links).toEqual(['/docs/API.md'])
  })
})
