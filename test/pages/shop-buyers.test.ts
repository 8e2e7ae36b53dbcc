import type { Page, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { signToken } from '../e2e/engine.ts'
import { hasBrowser } from '../support/browser.ts'
import { balanceOf, beside, choose, newsAt, openShopWorld } from './shop-world.ts'

describe.runIf(hasBrowser)('the shop in a browser, while buyers change in one tab', () => {
  const world = openShopWorld()
  const signedIn = (page: Page, userId: string) =>
    page.locator('.buyer', { hasText: userId }).waitFor()
  /** Signs in with a token that the address names, without a new page. */
  const enterByAddress = async (page: Page, userId: string) => {
    await page.evaluate(`location.hash = '#token=${signToken(userId)}'`)
    await signedIn(page, userId)
    expect(page.url()).toBe(world.url())
  }

  it('takes a token out of the address of the open page, and says nothing of the one before', async () => {
    await world.product('Radio', { price: 3_000 })
    const { page, faults, userId } = await world.openShop()
    await choose(page, 'Radio')
    await page.getByRole('button', { name: 'Pay now' }).click()
    await newsAt(page, 'bag').getByText('Bought').waitFor()
    await page.locator('[data-order]').waitFor()
    await enterByAddress(page, 'ann')
    await balanceOf(page).getByText('0.00', { exact: true }).waitFor()
    expect(await page.locator('[data-order]').count()).toBe(0)
    expect(await newsAt(page, 'bag').textContent()).toBe('')

    await page.evaluate("location.hash = '#token=nothing'")
    await page.getByText('This is not a token').waitFor()
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(faults).toEqual([])
  })

  it('does not show one buyer what is answered late for another, nor throws him out', async () => {
    await world.product('Camera', { price: 7_000 })
    const { page, faults } = await world.openShop()
    await choose(page, 'Camera')
    await page.getByRole('button', { name: 'Pay now' }).click()
    await page.locator('[data-order]').waitFor()

    // However late it is, the page still waits for it.
    await page.addInitScript('AbortSignal.timeout = () => new AbortController().signal')
    // What is not the first of its kind goes its way: only the reload asks in vain.
    const late = new Map<string, Route>()
    const { promise: areLate, resolve } = Promise.withResolvers<void>()
    await page.route(/\/v1\/me\/(orders|balance)\b/, (route) => {
      const { pathname } = new URL(route.request().url())
      if (late.has(pathname)) return route.continue()
      late.set(pathname, route)
      if (late.size === 2) resolve()
    })
    await page.reload()
    await areLate
    await enterByAddress(page, 'bob')
    await balanceOf(page).getByText('0.00', { exact: true }).waitFor()
    const problem = { code: 'unauthorized', title: '', status: 401, detail: '', requestId: '' }
    const contentType = 'application/problem+json'
    await late.get('/v1/me/balance')?.fulfill({ status: 401, contentType, json: problem })
    await late.get('/v1/me/orders')?.continue()
    for (const route of late.values()) await (await route.request().response())?.finished()
    await page.evaluate('new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)))')
    await signedIn(page, 'bob')
    expect(await page.locator('[data-order]').count()).toBe(0)
    expect(await balanceOf(page).textContent()).toBe('0.00')
    expect(beside(faults, /status of 401|no answer: /)).toEqual([])
  })

  it('finds out what became of an order after somebody else was here in between', async () => {
    await world.product('Clock', { price: 1_500 })
    const { page, faults, userId } = await world.openShop()
    const token = await page.evaluate("sessionStorage.getItem('stampede.buyer')")
    const keys: string[] = []
    await page.route('**/v1/orders', async (route) => {
      const { authorization, 'idempotency-key': key } = route.request().headers()
      if (authorization !== `Bearer ${token}`) return route.continue()
      keys.push(key as string)
      // It is decided; then the way back breaks.
      await route.fetch()
      // The page may have gone meanwhile.
      await route.abort('connectionreset').catch(() => {})
    })
    await choose(page, 'Clock')
    await page.getByRole('button', { name: 'Pay now' }).click()
    await newsAt(page, 'bag').getByText('Asking again').waitFor()
    await page.reload()
    await enterByAddress(page, 'cleo')
    await page.reload()
    await signedIn(page, 'cleo')
    await page.unroute('**/v1/orders')
    await page.evaluate(`location.hash = '#token=${token}'`)
    await signedIn(page, userId)
    await newsAt(page, 'bag').getByText('was not placed a second time').waitFor()
    expect(await world.ordersOf(userId)).toHaveLength(1)
    expect(new Set(keys).size).toBe(1)
    expect(beside(faults, /no answer: |ERR_/)).toEqual([])
  })
})
