import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Page } from 'playwright-core'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { allowOrigins } from '../../src/http/allowed-origins.ts'
import { createApp } from '../../src/http/app.ts'
import type { Fetch } from '../../src/http/environment.ts'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { listen, openClient } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { openForeignSite } from '../support/foreign-site.ts'
import { redisUrl } from '../support/redis.ts'

/*
 * An operator is signed in, and visits a page of somebody else in the same browser. What that page has the browser do
 * here reaches nothing, though the browser would send the password along.
 */

const shown = openShownQueues(redisUrl())
afterAll(() => shown.close())
const password = 'a password of sixteen and more'
const runStorm = vi.fn()
const client = await openClient({ queues: shown.queues, operators: { password }, runStorm })
const app = createApp(client.dependencies)
const foreign = await openForeignSite()

/** What came from the foreign page, whether it brought the password, and what was answered. */
type Visit = { what: string; site: string; hasPassword: boolean; status: number }
let visits: Visit[] = []
/** What the engine would be without the guard: it asks whoever comes for the password, and takes it. */
const unguarded = '/unguarded'
const askEverybody = ({ incoming }: Parameters<Fetch>[1]) =>
  incoming.headers.authorization === undefined
    ? new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="Stampede"' } })
    : new Response('taken')
const noted: Fetch = async (request, env) => {
  const { pathname } = new URL(request.url)
  const answer = await (pathname === unguarded ? askEverybody(env) : app.fetch(request, env))
  const { headers } = env.incoming
  visits.push({
    what: `${request.method} ${pathname}`,
    site: String(headers['sec-fetch-site'] ?? 'unknown'),
    hasPassword: /^basic /i.test(headers.authorization ?? ''),
    status: answer.status,
  })
  return answer
}
async function listenNoted(fetch: Fetch): Promise<string> {
  const server = serve({ fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  afterAll(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const origin = await listenNoted(noted)
const listedOrigin = await listenNoted(allowOrigins([foreign.url], noted))
/** The engine of somebody who plays alone: no password, only this machine. */
const openOrigin = `http://127.0.0.1:${await listen(createApp({ ...client.dependencies, operators: 'everybody' }))}`

const gets = ['/ops', '/ops/session', '/ops/feed', '/metrics', '/admin/queues/api/queues']
const writes = [
  ['POST', '/ops/storm'],
  ['POST', '/ops/session'],
  ['POST', '/shop/session'],
  ['POST', '/admin/queues/api/queues/drain/add'],
] as const

/** On another host, and on another port of this one. */
const places = [
  { site: 'cross-site', from: foreign.url },
  { site: 'same-site', from: foreign.url.replace('localhost', '127.0.0.1') },
]

/** Waits for what a script of the page evaluates to. */
const evaluate = <Value>(page: Page, code: string) =>
  page.evaluate(`(async () => { ${code} })()`) as Promise<Value>

describe.runIf(hasBrowser)('a page of another site', { timeout: 60_000 }, () => {
  const browser = openBrowser()
  beforeEach(() => {
    visits = []
    runStorm.mockClear()
  })

  /** A browser whose operator has signed in, and now looks at the other site. */
  async function openVisitor(here = origin, from = foreign.url) {
    const { page } = await browser.openPage({
      httpCredentials: { username: 'operator', password, origin: here },
    })
    await page.goto(`${here}/ops`)
    await page.goto(from)
    visits = []
    return page
  }
  const fromThere = () => visits.filter(({ site }) => site !== 'same-origin')

  it.each(places)('$site gets nothing of what an operator may see', async ({ from, site }) => {
    const page = await openVisitor(origin, from)
    for (const path of gets) {
      const read = `fetch('${origin}${path}', { credentials: 'include' })
        .then((answer) => answer.text(), () => 'not to be read')`
      expect(await evaluate(page, `return ${read}`)).toBe('not to be read')
      await evaluate(
        page,
        `await fetch('${origin}${path}',
        { mode: 'no-cors', credentials: 'include' }).catch(() => {})`,
      )
      await evaluate(
        page,
        `await new Promise((loaded) => {
        const image = new Image()
        image.onload = image.onerror = loaded
        image.src = '${origin}${path}'
      })`,
      )
    }
    const seen = fromThere()
    expect(seen.length).toBeGreaterThanOrEqual(gets.length)
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([403]))
    if (site === 'cross-site') return
    // It is not for the lack of a password: at least for a neighbour Chromium sends it to what asks for it.
    await evaluate(
      page,
      `await fetch('${origin}${unguarded}', { mode: 'no-cors', credentials: 'include' })`,
    )
    expect(visits.at(-1)).toMatchObject({ hasPassword: true, status: 200 })
  })

  it.each(places)('$site changes nothing in the name of an operator', async ({ from }) => {
    const page = await openVisitor(origin, from)
    for (const [method, path] of writes) {
      await evaluate(
        page,
        `await fetch('${origin}${path}',
        { method: '${method}', mode: 'no-cors', credentials: 'include', body: 'a=b' }).catch(() => {})`,
      )
      await evaluate(
        page,
        `await fetch('${origin}${path}',
        { method: '${method}', credentials: 'include', headers: { authorization: 'Bearer x' } }).catch(() => {})`,
      )
    }
    await evaluate(
      page,
      `await fetch('${origin}/admin/queues/api/queues/drain/pause',
      { method: 'PUT', credentials: 'include' }).catch(() => {})`,
    )
    const form = await Promise.all([
      page.waitForURL(`${origin}/ops/storm`),
      evaluate(
        page,
        `const form = document.createElement('form')
        form.method = 'post'
        form.action = '${origin}/ops/storm'
        document.body.append(form)
        form.submit()`,
      ),
    ])
    expect(form).toHaveLength(2)
    const seen = fromThere()
    expect(seen.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['POST /ops/storm', 'POST /shop/session']),
    )
    for (const { status } of seen) expect([401, 403, 404, 405]).toContain(status)
    expect(runStorm).not.toHaveBeenCalled()
    expect(await shown.queues[0]?.isPaused()).toBe(false)
  })

  it('gets nothing of an engine that is open to everybody on this machine', async () => {
    const { page } = await browser.openPage()
    await page.goto(foreign.url)
    for (const [method, path] of [...gets.map((path) => ['GET', path]), ...writes]) {
      const read = `fetch('${openOrigin}${path}', { method: '${method}' })
        .then((answer) => answer.text(), () => 'not to be read')`
      expect(await evaluate(page, `return ${read}`)).toBe('not to be read')
    }
    expect(runStorm).not.toHaveBeenCalled()
    const balances = await client.dependencies.redis.hlen(`{${client.shop}}:balances`)
    expect(balances).toBe(1)
  })

  it('may lead to the live page, and learns nothing of it', async () => {
    const page = await openVisitor()
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      evaluate(page, `globalThis.opened = open('${origin}/ops')`),
    ])
    await opened.getByRole('heading', { name: 'Books' }).waitFor()
    expect(await opened.evaluate('opener')).toBeNull()
    expect(await evaluate(page, 'return globalThis.opened.closed')).toBe(true)
  })

  it('that is listed may use the API by a token, and still gets nothing of an operator', async () => {
    const page = await openVisitor(listedOrigin)
    const read = (path: string, more = '') =>
      evaluate<string>(
        page,
        `return fetch('${listedOrigin}${path}', { ${more} })
        .then((answer) => answer.text(), () => 'not to be read')`,
      )
    const token = `headers: { authorization: 'Bearer ${client.user('ann')}' }`
    expect(JSON.parse(await read('/v1/me', token))).toMatchObject({ id: 'ann' })
    expect(JSON.parse(await read('/v1/me'))).toMatchObject({ code: 'unauthorized' })
    for (const path of gets) {
      expect(await read(path)).toBe('not to be read')
      expect(await read(path, `credentials: 'include'`)).toBe('not to be read')
    }
    const elsewhere = await openVisitor()
    const refused = `return fetch('${origin}/v1/products').then(() => 'read', () => 'not to be read')`
    expect(await evaluate(elsewhere, refused)).toBe('not to be read')
  })
})
