import { afterAll, describe, expect, it } from 'vitest'
import { libraryPagePolicy, pagePolicy } from '../../src/http/pages.ts'
import { queueBoardPath } from '../../src/http/queue-board.ts'
import { createWorkerApp } from '../../src/http/worker-app.ts'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { redisUrl } from '../support/redis.ts'
import { openClient } from './client.ts'
import { findPages } from './every-page.ts'

const shown = openShownQueues(redisUrl())
afterAll(() => shown.close())
const client = await openClient({ queues: shown.queues })

/** Every route there is, with ids that nothing has; a new one cannot be forgotten here. */
const routes = client.app.routes
  .filter(({ method }) => method !== 'ALL')
  .map(({ method, path }) => [method, path.replaceAll(/:\w+/g, 'nothing').replace('/*', '')])
const paths = [...new Set(routes.map(([, path]) => path as string)), '/', '/nothing', '/v1/nothing']
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']
const callers: [who: string, token: string | undefined, statuses: number[]][] = [
  ['nobody', undefined, [200, 401, 404, 405]],
  ['a user', client.user('ann'), [200, 400, 403, 404, 405]],
  ['an admin', client.admin, [200, 400, 404, 405]],
]

async function answerTo(method: string, path: string, headers: Record<string, string> = {}) {
  const leave = new AbortController()
  const answer = await client.app.request(path, { method, headers, signal: leave.signal })
  // Some answers do not end.
  const type = answer.headers.get('content-type') ?? ''
  const body = type.startsWith('text/html') ? await answer.text() : ''
  if (!answer.bodyUsed) await answer.body?.cancel()
  leave.abort()
  return { status: answer.status, headers: answer.headers, type, body }
}

function expectSafe({ headers, status, type }: Awaited<ReturnType<typeof answerTo>>): void {
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; .*frame-ancestors 'none'/,
    ),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': expect.stringMatching(/./),
  })
  // Files that are the same for everybody may be kept; all else is somebody's, or true for an instant.
  const isFile =
    status === 200 && /^(text\/(html|javascript|css|plain; charset)|image\/)/.test(type)
  if (!isFile) expect(headers.get('cache-control')).toBe('no-store')
  for (const name of headers.keys()) {
    expect(name).not.toMatch(
      /^(set-cookie|access-control-.*|server|x-powered-by|strict-transport-.*)$/,
    )
  }
}

describe.each(callers)('an answer to %s', (_, token, statuses) => {
  const own: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}

  it('has the safe headers, whatever the route, the method and the outcome', {
    timeout: 60_000,
  }, async () => {
    const seen = new Set<number>()
    for (const path of paths) {
      for (const method of methods) {
        const answer = await answerTo(method, path, own)
        expectSafe(answer)
        seen.add(answer.status)
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(statuses))
    expect(client.errors).toEqual([])
  })
})

it('has them where something broke, and where a worker answers', async () => {
  const failing = async () => {
    throw new Error('broken')
  }
  const answer = await client.callWith({ verify: failing })('GET', '/v1/verify', {
    token: client.admin,
  })
  expectSafe({ ...answer, type: 'application/problem+json', body: '' })
  expect(answer.status).toBe(500)
  client.errors.length = 0

  const { operators, log, metrics } = client.dependencies
  const worker = createWorkerApp({ operators, log, metrics })
  for (const path of ['/livez', '/metrics', '/nothing']) {
    const { headers, status } = await worker.request(path)
    expectSafe({ headers, status, type: '', body: '' })
  }
})

describe('what is answered to a page of another origin', () => {
  const foreign = {
    origin: 'https://evil.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  }

  it('lets it read nothing, whatever it asks for', async () => {
    for (const path of paths) {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const answer = await answerTo(method, path, foreign)
        expectSafe(answer)
        expect(answer.headers.get('vary') ?? '').not.toMatch(/origin/i)
        if (method === 'OPTIONS') expect(answer.status).toBeGreaterThanOrEqual(400)
      }
    }
  })
})

describe('every page', async () => {
  const pages = await Promise.all(
    (await findPages(client.app)).map(async (path) => ({ path, ...(await answerTo('GET', path)) })),
  )
  const board = queueBoardPath.replace('/*', '')

  it('is among those that follow', () => {
    expect(pages.map(({ path }) => path).sort()).toEqual([board, '/docs', '/ops', '/shop'].sort())
  })

  it.each(pages)('$path has no script and no style in its text', ({ body }) => {
    for (const [tag] of body.matchAll(/<script\b[^>]*>/gi)) {
      expect(tag).toMatch(/ src="[^"]+"| type="application\/json"/)
    }
    expect(body).not.toMatch(/<style|<base href="(?!\/)|javascript:|\s(on\w+|style)\s*=/i)
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  })

  it.each(pages)('$path allows none, and knows no other window', ({ headers, path }) => {
    const policy = headers.get('content-security-policy') as string
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/unsafe|https?:|\*|script-src[^;]*(sha|nonce|data:)/)
    if (path === '/docs') expect(policy).toBe(libraryPagePolicy)
    else if (path !== board) expect(policy).toBe(pagePolicy)
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('permissions-policy')).toContain('camera=()')
  })
})
