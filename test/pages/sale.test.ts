import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { resolveServices } from '../../src/services/services.ts'
import { signToken } from '../e2e/engine.ts'
import { hasBrowser } from '../support/browser.ts'
import { beside, cardOf, choose, couponOf, newsAt, openShopWorld } from './shop-world.ts'

const desk = { width: 1280, height: 900 }
const phone = { width: 360, height: 740 }

/**
 * One sale on a whole engine, through all four pages. Pictures of every step, on a desk and on a phone, are kept in
 * test-results/ (which git ignores) as sale-….png: look at them when you have changed a page.
 */
describe.runIf(hasBrowser)('a whole sale in a browser', { timeout: 120_000 }, () => {
  const world = openShopWorld()
  let operator: Page
  let buyer: Page
  let buyerId: string
  let late: Page
  const faults: string[][] = []

  const openPage = async (size = desk) => {
    const opened = await world.openPage({ viewport: size })
    faults.push(opened.faults)
    return opened.page
  }
  async function takePictures(page: Page, name: string, { fullPage = true } = {}): Promise<void> {
    const before = page.viewportSize()
    for (const [kind, size] of Object.entries({ desk, phone })) {
      await page.setViewportSize(size)
      await page.evaluate('scrollTo(0, 0)')
      await world.takePicture(page, `sale-${name}-${kind}`, { fullPage })
    }
    await page.setViewportSize(before ?? desk)
  }

  beforeAll(async () => {
    operator = await openPage()
    buyer = await openPage()
    late = await openPage(phone)
    await operator.goto(`${world.engine().url}/ops`)
  })

  const lamp = () => operator.locator('details.product', { hasText: 'Moon lamp' })
  /** A time as a field for date and time takes it: by the clock on the wall. */
  const localTime = (inMs: number) => {
    const at = new Date(Date.now() + inMs)
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
  }
  async function changeTerms(fields: Record<string, string>): Promise<void> {
    await lamp().getByRole('button', { name: 'Terms of Brass' }).click()
    const dialog = operator.getByRole('dialog')
    for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value)
    if ('Sale ends' in fields) await takePictures(operator, '5-ops-terms', { fullPage: false })
    await dialog.getByRole('button', { name: 'Change' }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  it('is prepared on /ops', async () => {
    await operator.getByText('New product').click()
    const product = operator.locator('details', { hasText: 'New product' })
    await product.getByLabel('Name').fill('Moon lamp')
    await product.getByLabel('Option').fill('Brass')
    await product.getByLabel('Price').fill('49.00')
    await product.getByLabel('Units').fill('3')
    await product.getByLabel('At most per buyer').fill('1')
    await product.getByLabel('Sale starts').fill(localTime(3_600_000))
    await product.getByRole('button', { name: 'Put on sale' }).click()
    await product.getByText('Moon lamp is in the shop.').waitFor()
    await lamp().getByText('3 free').waitFor()
    await operator.getByText('New coupon').click()
    const coupon = operator.locator('details', { hasText: 'New coupon' })
    await coupon.getByLabel('Name').fill('A tenth for the first two')
    await coupon.getByLabel('Percent', { exact: true }).fill('10')
    await coupon.getByLabel('Units').fill('2')
    await coupon.getByRole('button', { name: 'Offer' }).click()
    await operator.locator('h3', { hasText: 'A tenth for the first two' }).waitFor()
    await lamp().locator('summary').click()
    await takePictures(operator, '1-ops-prepared')
  })

  it('is awaited on /shop, where the coupon can be claimed', async () => {
    buyerId = await world.enter(buyer)
    await cardOf(buyer, 'Moon lamp').getByText('The sale opens in').waitFor()
    const notYet = cardOf(buyer, 'Moon lamp').getByRole('button', { name: 'Not yet' })
    expect(await notYet.isDisabled()).toBe(true)
    await couponOf(buyer, 'A tenth').getByRole('button', { name: 'Claim' }).click()
    await newsAt(buyer, 'coupons').getByText('You were number 1').waitFor()
    await takePictures(buyer, '2-shop-countdown')
  })

  it('is opened on /ops, and bought from on /shop, once for each buyer', async () => {
    await changeTerms({ 'Sale starts': '' })
    await choose(buyer, 'Moon lamp')
    const tenth = { label: 'A tenth for the first two: 10% off' }
    await buyer.getByLabel('Coupon', { exact: true }).selectOption(tenth)
    await buyer.locator('.sums .total', { hasText: '44.10' }).waitFor()
    await buyer.getByRole('button', { name: 'Pay now' }).click()
    await newsAt(buyer, 'bag').getByText('44.10 went from your balance').waitFor()
    await cardOf(buyer, 'Moon lamp').getByText('Only 2 left').waitFor()
    await takePictures(buyer, '3-shop-bought')
    await choose(buyer, 'Moon lamp')
    await buyer.getByRole('button', { name: 'Pay now' }).click()
    await newsAt(buyer, 'bag').getByText('You have as many as one buyer may have').waitFor()
    await takePictures(buyer, '3-shop-refused')
  })

  it('is explained to who comes late, on a phone', async () => {
    await world.takeUnits(await world.optionOf('Moon lamp'), 1)
    await world.enter(late)
    await choose(late, 'Moon lamp')
    await late.getByRole('button', { name: 'Reserve, pay later' }).click()
    await newsAt(late, 'bag').getByText('It is held for you').waitFor()
    await late.locator('[data-status="PENDING"]').getByRole('button', { name: 'Pay 49.00' }).click()
    await newsAt(late, 'orders').getByText('49.00 went from your balance').waitFor()
    await takePictures(late, '4-shop-paid')

    await late.getByRole('button', { name: 'Sign out' }).click()
    await world.enter(late)
    await choose(late, 'Moon lamp')
    await late.getByRole('button', { name: 'Pay now' }).click()
    await newsAt(late, 'bag').getByText('All that is left is reserved').waitFor()
    await takePictures(late, '4-shop-held')
  })

  it('is seen, ended and proved on /ops', async () => {
    const outcome = (kind: string, status: string) =>
      operator.locator('#outcomes ~ section tr', { hasText: kind }).filter({ hasText: status })
    await outcome('claims', 'claimed').waitFor()
    await outcome('orders', 'placed').waitFor()
    await outcome('orders', 'per user limit').waitFor()
    await outcome('orders', 'held').waitFor()
    await outcome('payments', 'paid').waitFor()
    await lamp().getByText('0 free · 1 held · 2 sold').waitFor()
    await changeTerms({ 'Sale ends': localTime(-1_000) })
    await cardOf(buyer, 'Moon lamp').getByText('The sale is over.').waitFor()
    await takePictures(buyer, '6-shop-over')
    await operator.getByRole('button', { name: 'Prove the books' }).click()
    await operator.getByText('They balance').waitFor()
    await takePictures(operator, '6-ops-proved')
  })

  it('has left its jobs on /admin/queues', async () => {
    const page = await openPage()
    await page.goto(`${world.engine().url}/admin/queues`)
    await page.getByText('upkeep').first().waitFor()
    await takePictures(page, '7-queues')
    await page.getByRole('link', { name: 'drain' }).first().click()
    await page.getByRole('link', { name: /completed/i }).click()
    await page.getByText('"main"').first().waitFor()
    await takePictures(page, '7-queues-drain', { fullPage: false })
  })

  it('can be asked for on /docs, and is in Postgres', async () => {
    const [order] = await world.ordersOf(buyerId)
    const page = await openPage()
    await page.goto(`${world.engine().url}/docs`)
    await page.locator('.btn.authorize').click()
    await page.locator('.auth-container input').fill(signToken(buyerId))
    await page.locator('.auth-btn-wrapper .authorize').click()
    await page.locator('.auth-btn-wrapper .btn-done').click()
    const path = page.locator('[data-path="/v1/orders/{id}"]')
    const operation = page.locator('.opblock-get', { has: path })
    await operation.locator('.opblock-summary').click()
    await operation.getByPlaceholder('id').fill(order?.id as string)
    await operation.locator('.execute').click()
    const answer = operation.locator('.live-responses-table')
    await answer.getByText('200').first().waitFor()
    expect(await answer.textContent()).toContain('"finalAmount": 4410')
    for (const [kind, size] of Object.entries({ desk, phone })) {
      await page.setViewportSize(size)
      await answer.evaluate((table) => table.scrollIntoView())
      await world.takePicture(page, `sale-8-docs-${kind}`)
    }

    const rows = await readOrder(order?.id as string)
    expect(rows).toEqual([
      { user_id: buyerId, status: 'COMPLETED', final_amount: '4410', name: 'Moon lamp', units: 1 },
    ])
    // Refusals were asked for.
    expect(faults.flatMap((some) => beside(some, /status of 409/))).toEqual([])
  })

  /** An order as Postgres has it. */
  async function readOrder(id: string) {
    const services = await resolveServices(loadConfig(world.settings()), () => {})
    const orm = openOrm(services.databaseUrl, { poolMax: 1 })
    try {
      const { rows } = await sql`
        select user_id, status, final_amount, product_name as name, quantity as units
        from orders join order_items using (shop) where order_id = orders.id and orders.id = ${id}
      `.execute(databaseOf(orm))
      return rows
    } finally {
      await orm.close()
      await services.release()
    }
  }
})
