import { randomUUID } from 'node:crypto'
import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { engineSettings, signToken, startEngine } from '../e2e/engine.ts'
import { openBrowser } from '../support/browser.ts'

type Engine = Awaited<ReturnType<typeof startEngine>>
type PageOptions = Parameters<ReturnType<typeof openBrowser>['openPage']>[0]
type Body = Record<string, unknown>

/** A whole engine as `npm start` runs it, and browsers in its shop. Call it within a `describe`. */
export function openShopWorld(changes: Record<string, string> = {}) {
  const browser = openBrowser()
  const cleanups: (() => Promise<void>)[] = []
  const atEnd = (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup)
  let settings: ReturnType<typeof engineSettings>
  let engine: Engine
  beforeAll(async () => {
    settings = engineSettings(changes, atEnd)
    engine = await startEngine(settings, { atEnd })
  })
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  const admin = signToken('operator', 'admin')

  async function send(
    method: string,
    path: string,
    token: string,
    body?: Body,
    more: Record<string, string> = {},
  ): Promise<Body> {
    const headers = {
      ...more,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${engine.url}${path}`, { method, headers, ...sent })
    const answer = (await response.json()) as Body
    expect(response.ok, JSON.stringify(answer)).toBe(true)
    return answer
  }

  const world = {
    ...browser,
    /** Asks the API for something, which has to be accepted. */
    send,
    /** The address of the page, as the start prints it. */
    url: () => /^The shop, as buyers see it: (.+)$/m.exec(engine.output.stdout)?.[1] as string,
    engine: () => engine,
    /** What the engine was started with. */
    settings: () => settings,
    /** A product with one option; returns the ids of both. */
    async product(name: string, option: Body = {}) {
      const options = [{ price: 1_000, stock: 5, ...option }]
      const made = await send('POST', '/v1/products', admin, { name, options })
      const [first] = made.options as { id: string }[]
      return { id: made.id as string, optionId: first?.id as string }
    },
    async coupon(name: string, facts: Body = {}) {
      const defaults = { discountType: 'FIXED', discountValue: 100, totalQuantity: 10 }
      return (await send('POST', '/v1/coupons', admin, { ...defaults, name, ...facts }))
        .id as string
    },
    /** The id of the first option of a product. */
    async optionOf(name: string) {
      const { items } = await send('GET', '/v1/products?limit=100', admin)
      const products = items as { name: string; options: { id: string }[] }[]
      return products.find((one) => one.name === name)?.options[0]?.id as string
    },
    changeOption: (id: string, changes: Body) => send('PATCH', `/v1/options/${id}`, admin, changes),
    /** Somebody else takes units before the buyer; what costs nothing is bought, and the rest reserved. */
    takeUnits: (optionId: string, quantity: number) =>
      send('POST', '/v1/orders', signToken('rival'), { items: [{ optionId, quantity }] }),
    ordersOf: async (userId: string) =>
      (await send('GET', '/v1/me/orders', signToken(userId))).items as Body[],
    /** A new demo buyer on the page; returns who he is. */
    async enter(page: Page): Promise<string> {
      await page.goto(world.url())
      await page.getByRole('button', { name: 'Shop as a demo buyer' }).click()
      await page.getByText('Balance').waitFor()
      return (await page.locator('.buyer .hint').first().textContent()) as string
    },
    /** A page with a new demo buyer in the shop. */
    async openShop(options: PageOptions = {}) {
      const opened = await browser.openPage(options)
      return { ...opened, userId: await world.enter(opened.page) }
    },
  }
  return world
}

/** The card of a product. */
export const cardOf = (page: Page, name: string) => page.getByRole('article', { name })
export const couponOf = (page: Page, name: string) =>
  page.locator('.coupon').filter({ has: page.getByRole('heading', { name }) })
/** What the page says of the last deed in a part of it. */
export const newsAt = (page: Page, at: 'coupons' | 'bag' | 'orders') =>
  page.locator(`[data-news="${at}"]`)

/** Chooses a product, and waits for it to stand in the order. */
export async function choose(page: Page, name: string): Promise<void> {
  await cardOf(page, name)
    .getByRole('button', { name: /^(Buy|Try anyway)$/ })
    .click()
  await page.locator('.bag .lines', { hasText: name }).waitFor()
}

/** Answers a request of the page as the shop would, in its place. */
export function answerProblem(route: Route, status: number, code: string, retryAfterSeconds = 0) {
  const json = { code, status, title: code, detail: code, requestId: 'request-1' }
  const contentType = 'application/problem+json'
  const headers: Record<string, string> =
    retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {}
  return route.fulfill({ status, contentType, headers, json })
}

export const balanceOf = (page: Page) => page.locator('.balance strong')

/** What went wrong on a page beside the refusals that the test provoked, which Chromium calls errors. */
export const beside = (faults: string[], provoked: RegExp) =>
  faults.filter((fault) => !provoked.test(fault))
