import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { answerProblem, balanceOf, beside, choose, newsAt, openShopWorld } from './shop-world.ts'

const orders = '**/v1/orders'

describe.runIf(hasBrowser)('the shop in a browser, while an order gets lost', () => {
  const world = openShopWorld({ UNPAID_ORDERS_PER_USER: '1' })
  const lost = /no answer: |ERR_|status of (429|50\d)/

  /** The keys of the orders that the page sends. */
  function watchKeys(page: Page): string[] {
    const keys: string[] = []
    page.on('request', (request) => {
      if (request.method() !== 'POST' || !request.url().endsWith('/v1/orders')) return
      keys.push(request.headers()['idempotency-key'] as string)
    })
    return keys
  }

  async function buy(page: Page, name: string) {
    await choose(page, name)
    await page.getByRole('button', { name: 'Pay now' }).click()
  }

  it('finds out after a reload what became of it, and does not order twice', async () => {
    await world.product('Radio', { price: 3_000 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    const { promise: isDecided, resolve } = Promise.withResolvers<void>()
    await page.route(orders, async (route) => {
      if (keys.length > 1) return route.continue()
      await route.fetch()
      resolve() // The shop has decided, and its answer never comes.
    })
    await buy(page, 'Radio')
    await isDecided
    await page.reload()
    await newsAt(page, 'bag').getByText('was not placed a second time').waitFor()
    await expect.poll(() => balanceOf(page).textContent(), { timeout: 30_000 }).toBe('470.00')
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(keys.length).toBeGreaterThan(1)
    expect(new Set(keys).size).toBe(1)
    // It is crossed out: the next page asks for nothing.
    const sent = keys.length
    await page.reload()
    await balanceOf(page).getByText('470.00').waitFor()
    expect(keys).toHaveLength(sent)
    expect(beside(faults, lost)).toEqual([])
  })

  it('orders once where the network is cut on the way and comes back', async () => {
    await world.product('Camera', { price: 7_000 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    let attempts = 0
    await page.route(orders, async (route) => {
      attempts += 1
      if (attempts === 1) {
        await route.fetch()
        await page.context().setOffline(true)
        await route.abort('connectionreset')
      } else {
        await route.continue()
      }
    })
    await buy(page, 'Camera')
    await newsAt(page, 'bag').getByText('Asking again').waitFor()
    await page.getByText('prices and stock may be old').waitFor()
    await world.takePicture(page, 'shop-offline')
    await page.context().setOffline(false)
    await newsAt(page, 'bag').getByText('was not placed a second time').waitFor()
    await expect.poll(() => balanceOf(page).textContent(), { timeout: 30_000 }).toBe('430.00')
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(new Set(keys).size).toBe(1)
    expect(beside(faults, lost)).toEqual([])
  })

  it('asks again where the shop says 503, with the same key, and tells it', async () => {
    await world.product('Clock', { price: 1_500 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    let isClosed = true
    await page.route(orders, async (route) => {
      if (!isClosed) return route.continue()
      await answerProblem(route, 503, 'shop_closed', 1)
    })
    await buy(page, 'Clock')
    await newsAt(page, 'bag').getByText('Asking again').waitFor()
    await expect.poll(() => keys.length, { timeout: 30_000 }).toBeGreaterThan(1)
    isClosed = false
    await newsAt(page, 'bag').getByText('15.00 went from your balance').waitFor()
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(new Set(keys).size).toBe(1)
    expect(beside(faults, lost)).toEqual([])
  })

  it('tells that a proxy does not reach the shop, and waits no longer than the buyer', async () => {
    await world.product('Kite', { price: 1_500 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    const contentType = 'text/html'
    await page.route(orders, (route) =>
      route.fulfill({ status: 502, contentType, body: '<h1>Bad gateway</h1>' }),
    )
    await buy(page, 'Kite')
    const news = newsAt(page, 'bag')
    await news.getByText('No answer yet. Asking again').waitFor()
    await expect.poll(() => keys.length, { timeout: 30_000 }).toBeGreaterThan(1)
    await news.getByRole('button', { name: 'Stop waiting' }).click()
    await news.getByText('Look there first').waitFor()
    expect(new Set(keys).size).toBe(1)
    expect(await world.ordersOf(userId)).toEqual([])
    expect(beside(faults, lost)).toEqual([])
  })

  it('shows a bug of the shop after a second try, and can ask for the same order again', async () => {
    await world.product('Globe', { price: 2_500 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    await page.route(orders, async (route) => {
      // It is decided, and then something goes wrong.
      await route.fetch()
      await answerProblem(route, 500, 'internal')
    })
    await buy(page, 'Globe')
    const news = newsAt(page, 'bag')
    await news.getByText('No answer yet. Asking again').waitFor()
    await news.getByText('Something went wrong in the shop').waitFor()
    await news.getByText('Tell the shop: request-1').waitFor()
    expect(keys).toHaveLength(2)
    await world.takePicture(page, 'shop-internal')
    // The same order is the same attempt, by whichever button.
    await page.getByRole('button', { name: 'Pay now' }).click()
    await expect.poll(() => keys.length, { timeout: 30_000 }).toBe(4)
    await news.getByText('Something went wrong in the shop').waitFor()
    await page.unroute(orders)
    await news.getByRole('button', { name: 'Ask again' }).click()
    await news.getByText('was not placed a second time').waitFor()
    expect(keys).toHaveLength(5)
    expect(new Set(keys).size).toBe(1)
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(beside(faults, lost)).toEqual([])
  })

  it('asks no more for what failed in the shop once the buyer has put it away', async () => {
    await world.product('Mirror', { price: 2_500 })
    const { page, faults } = await world.openShop()
    const keys = watchKeys(page)
    await page.route(orders, (route) => answerProblem(route, 500, 'internal'))
    await buy(page, 'Mirror')
    const news = newsAt(page, 'bag')
    await news.getByText('Something went wrong in the shop').waitFor()
    await news.getByRole('button', { name: 'Close this message' }).click()
    await page.unroute(orders)
    await page.reload()
    await balanceOf(page).getByText('500.00').waitFor()
    expect(keys).toHaveLength(2)
    expect(beside(faults, lost)).toEqual([])
  })

  it('says at once that there were too many orders, and what can be done', async () => {
    await world.product('Stool', { price: 1_500 })
    const { page, faults } = await world.openShop()
    const keys = watchKeys(page)
    const news = newsAt(page, 'bag')
    await choose(page, 'Stool')
    await page.getByRole('button', { name: 'Reserve, pay later' }).click()
    await news.getByText('It is held for you').waitFor()
    await choose(page, 'Stool')
    await page.getByRole('button', { name: 'Reserve, pay later' }).click()
    await news.getByText('Too many attempts').waitFor()
    const left = news.getByRole('timer', { name: 'You can try again in' })
    expect(await left.textContent()).toMatch(/2[34]:\d\d:\d\d|1 d 00:00:00/)
    await world.takePicture(page, 'shop-too-many')
    expect(keys).toHaveLength(2)
    await news.getByRole('button', { name: 'Pay it now' }).click()
    await news.getByText('Bought').waitFor()
    expect(keys).toHaveLength(3)
    expect(beside(faults, lost)).toEqual([])
  })

  it('waits as long as it is told where an attempt before may have been accepted', async () => {
    await world.product('Bench', { price: 1_500 })
    const { page, faults, userId } = await world.openShop()
    const keys = watchKeys(page)
    const waitSeconds = 5
    const atMs: number[] = []
    await page.route(orders, async (route) => {
      atMs.push(performance.now())
      if (keys.length > 2) return route.continue()
      if (keys.length === 2) return answerProblem(route, 429, 'rate_limited', waitSeconds)
      await route.fetch()
      await route.abort('connectionreset')
    })
    await buy(page, 'Bench')
    const news = newsAt(page, 'bag')
    await news.getByText('Too many attempts').waitFor()
    await news.getByRole('timer', { name: 'Asking again in' }).waitFor()
    await news.getByRole('button', { name: 'Stop waiting' }).waitFor()
    await news.getByText('was not placed a second time').waitFor()
    const [, refusedMs = 0, againMs = 0] = atMs
    expect(againMs - refusedMs).toBeGreaterThanOrEqual(waitSeconds * 1_000)
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(beside(faults, lost)).toEqual([])
  })

  it('stops where the buyer does not want to wait, and says where to look', async () => {
    await world.product('Vase', { price: 1_500 })
    const { page, faults } = await world.openShop()
    await page.route(orders, (route) => route.abort('connectionreset'))
    await buy(page, 'Vase')
    const news = newsAt(page, 'bag')
    await news.getByRole('button', { name: 'Stop waiting' }).click()
    await news.getByText('Look there first').waitFor()
    await page.unroute(orders)
    await page.getByRole('button', { name: 'Pay now' }).click()
    await news.getByText('Bought').waitFor()
    expect(beside(faults, lost)).toEqual([])
  })
})
