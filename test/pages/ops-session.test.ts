import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { answerProblem, beside, openShopWorld } from './shop-world.ts'

describe.runIf(hasBrowser)('the live page in a browser, while its token gets old', () => {
  const world = openShopWorld()
  const provoked = /no answer: |ERR_|status of 40[13]/

  /** The page, of which the first attempt to make something carries a token that the engine does not take. */
  async function openPage() {
    const opened = await world.openPage()
    await opened.page.goto(`${world.engine().url}/ops`)
    let attempts = 0
    await opened.page.route('**/v1/products', (route) => {
      const request = route.request()
      if (request.method() !== 'POST') return route.continue()
      attempts += 1
      const old = { ...request.headers(), authorization: 'Bearer an.old.one' }
      return attempts === 1 ? route.continue({ headers: old }) : route.continue()
    })
    return { ...opened, attempts: () => attempts }
  }

  async function putOnSale(page: Page, name: string) {
    await page.getByText('New product').click()
    await page.getByLabel('Name').first().fill(name)
    await page.getByLabel('Price').last().fill('10.00')
    await page.getByLabel('Units', { exact: true }).first().fill('2')
    await page.getByRole('button', { name: 'Put on sale', exact: true }).click()
  }

  it('says that nothing happened where there is no other one', async () => {
    const { page, faults, attempts } = await openPage()
    await page.route('**/ops/session*', (route) => answerProblem(route, 403, 'forbidden'))
    await putOnSale(page, 'Socks')
    await page.getByText('It did not happen: your token is not valid any more').waitFor()
    expect(await page.getByText('may or may not').count()).toBe(0)
    expect(attempts()).toBe(1)
    expect(beside(faults, provoked)).toEqual([])
  })

  it('does with a new one what it was asked for, also where that one is not to be had at once', async () => {
    const { page, faults, attempts } = await openPage()
    let asked = 0
    await page.route('**/ops/session*', (route) => {
      asked += 1
      return asked === 1 ? route.abort('connectionreset') : route.continue()
    })
    await putOnSale(page, 'Gloves')
    await page.locator('details.product', { hasText: 'Gloves' }).getByText('2 free').waitFor()
    expect([attempts(), asked]).toEqual([2, 2])
    expect(beside(faults, provoked)).toEqual([])
  })
})
