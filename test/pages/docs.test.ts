import { describe, expect, it } from 'vitest'
import { listen, openClient } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'

const client = await openClient()
const origin = `http://127.0.0.1:${await listen(client.app)}`

describe.runIf(hasBrowser)('the API reference in a browser', () => {
  const browser = openBrowser()

  it('shows every route, and asks this server only', { timeout: 60_000 }, async () => {
    const { page, faults } = await browser.openPage({ viewport: { width: 1280, height: 900 } })
    const asked = new Set<string>()
    page.on('request', (request) => {
      const { protocol, origin: from } = new URL(request.url())
      if (protocol !== 'data:') asked.add(from)
    })
    await page.goto(`${origin}/docs`)
    await page.locator('.opblock').first().waitFor()
    const { body: document } = await client.get('/openapi.json')
    const routes = Object.values<object>(document.paths).flatMap((methods) => Object.keys(methods))
    expect(await page.locator('.opblock').count()).toBe(routes.length)
    await browser.takePicture(page, 'docs')
    expect([...asked]).toEqual([origin])
    expect(faults).toEqual([])
  })

  it('shows what to send, and every refusal of a route', { timeout: 60_000 }, async () => {
    const { page, faults } = await browser.openPage({ viewport: { width: 1280, height: 2400 } })
    await page.goto(`${origin}/docs#/orders/placeOrder`)
    const operation = page.locator('#operations-orders-placeOrder')
    const conflicts = operation.locator('.response[data-code="409"]')
    await conflicts.waitFor({ timeout: 50_000 })
    expect(await operation.locator('.body-param textarea').inputValue()).toContain('"pay": true')
    await conflicts.locator('select').last().selectOption('held')
    await conflicts.locator('.example', { hasText: '"retryAfterMs": 42000' }).waitFor()
    await browser.takePicture(page, 'docs-order')
    expect(faults).toEqual([])
  })

  it('sends a request with a token', { timeout: 90_000 }, async () => {
    const { page, faults } = await browser.openPage()
    await page.goto(`${origin}/docs`)
    await page.locator('.btn.authorize').click()
    await page.locator('.auth-container input').fill(client.admin)
    await page.locator('.auth-btn-wrapper .authorize').click()
    await page.locator('.auth-btn-wrapper .btn-done').click()
    const operation = page.locator('.opblock', { hasText: '/v1/verify' })
    await operation.click()
    await operation.locator('.execute').click()
    const answer = operation.locator('.live-responses-table .response-col_status')
    await answer.getByText('200').waitFor()
    expect(await operation.locator('.live-responses-table').textContent()).toContain('"ok": true')
    await page.setViewportSize({ width: 360, height: 740 })
    const body = operation.locator('.live-responses-table .highlight-code').first()
    expect((await body.boundingBox())?.width).toBeGreaterThan(280)
    await body.scrollIntoViewIfNeeded()
    await browser.takePicture(page, 'docs-phone')
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).toBe('[{},{}]')
    expect(faults).toEqual([])
  })
})
