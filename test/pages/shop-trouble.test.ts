import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { balanceOf, beside, choose, newsAt, openShopWorld } from './shop-world.ts'

const orders = '**/v1/orders'

describe.runIf(hasBrowser)('the shop in a browser, while an order gets lost', () => {
  const world = openShopWorld()
  const lost = /no answer: |ERR_|status of 503/

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
      const body = JSON.stringify({ code: 'shop_closed', status: 503 })
      const headers = { 'retry-after': '1' }
      await route.fulfill({ status: 503, headers, contentType: 'application/problem+json', body })
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
