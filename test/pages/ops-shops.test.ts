import type { Page, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { ensureShop } from '../../src/db/shops.ts'
import { limits } from '../../src/limits.ts'
import { listen, openClient } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { uniqueShop } from '../support/redis.ts'
import { openSale } from '../support/sale.ts'

const client = await openClient()
const { redis, orm } = client.dependencies
const origin = `http://127.0.0.1:${await listen(client.app)}`
const [near, far] = [client.shop, uniqueShop()]
const farSale = await openSale(redis, far)
for (const shop of [near, far]) await ensureShop(databaseOf(orm), shop)
await client.product([{}], { name: 'Apples' })
await farSale.product([{}], { name: 'Bananas' })

/** Holds what a page asks for until it is let go. */
async function hold(page: Page, address: string) {
  const { promise: isAsked, resolve } = Promise.withResolvers<Route>()
  // What is not the first goes its way: a request is held once.
  let isHeld = false
  await page.route(address, (route) => {
    if (isHeld) return route.continue()
    isHeld = true
    resolve(route)
  })
  return {
    isAsked,
    /** Lets it go; resolves when the page has got the answer and has shown what it makes of it. */
    async release() {
      const request = (await isAsked).request()
      await (await isAsked).continue()
      await (await request.response())?.finished()
      await page.evaluate('new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)))')
    },
  }
}

const namesIn = async (shop: string) => {
  const { body } = await client.call('GET', '/v1/products', { headers: { 'x-shop': shop } })
  return (body.items as { name: string }[]).map(({ name }) => name)
}

/** What went wrong beside what a test provoked. A page that gives a feed up ends its request. */
const beside = (faults: string[], provoked = /^$/) =>
  faults.filter((fault) => !provoked.test(fault) && !/no answer: .+\/ops\/feed/.test(fault))

describe.runIf(hasBrowser)('the live page in a browser, of two shops', { timeout: 120_000 }, () => {
  const browser = openBrowser()
  const section = (page: Page, name: string) =>
    page.locator('section', { has: page.getByRole('heading', { name, exact: true }) })
  const choose = (page: Page, shop: string) => page.locator('header select').selectOption(shop)
  const product = (page: Page, name: string) => page.locator('details.product', { hasText: name })
  const newProduct = (page: Page) => page.locator('details', { hasText: 'New product' })
  const makeProduct = async (page: Page, name: string) => {
    const form = newProduct(page)
    await form.locator('summary').click()
    await form.getByLabel('Name').fill(name)
    await form.getByLabel('Price').fill('1.00')
    await form.getByLabel('Units').fill('1')
    await form.getByRole('button', { name: 'Put on sale' }).click()
  }

  it('shows and changes the shop that is chosen, and nothing of the one before', async () => {
    const { page, faults } = await browser.openPage()
    await page.goto(`${origin}/ops?shop=${near}`)
    await product(page, 'Apples').waitFor()
    await page.getByText('New product').click()
    await newProduct(page).getByLabel('Name').fill('half done')
    const proof = await hold(page, '**/v1/verify')
    await section(page, 'Books').getByRole('button').click()
    await proof.isAsked

    const session = await hold(page, `**/ops/session?shop=${far}`)
    await choose(page, far)
    await session.isAsked
    // Without a session of this shop there is nothing to press.
    await page.getByText('Apples').waitFor({ state: 'detached' })
    expect(await page.getByRole('button').count()).toBe(0)
    await session.release()
    await product(page, 'Bananas').waitFor()
    expect(new URL(page.url()).searchParams.get('shop')).toBe(far)
    await proof.release()
    expect(await page.getByText('They balance').count()).toBe(0)
    expect(await page.getByText('Apples').count()).toBe(0)
    expect(await page.getByLabel('Name').first().inputValue()).toBe('')

    await makeProduct(page, 'Cherries')
    await product(page, 'Cherries').waitFor()
    expect(await namesIn(far)).toEqual(['Cherries', 'Bananas'])
    expect(await namesIn(near)).toEqual(['Apples'])
    await choose(page, near)
    await product(page, 'Apples').waitFor()
    expect(beside(faults)).toEqual([])
  })

  it('takes the token that an operator brings for one shop only', async () => {
    const { page, faults } = await browser.openPage()
    // As where this engine signs none.
    await page.route('**/ops/session*', async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: { ...(await answer.json()), token: null } })
    })
    await page.goto(`${origin}/ops?shop=${near}`)
    const field = page.getByLabel('Token of an admin')
    const bring = async (token: string) => {
      await field.fill(token)
      await page.getByRole('button', { name: 'Use it' }).click()
    }
    /** What can be pressed beside the field, or typed. */
    const controls = () => page.getByRole('main').locator('button, input, select').count()
    await product(page, 'Apples').waitFor()
    expect(await controls()).toBe(2)
    await bring(client.user('ann'))
    await page.getByText('This is the token of a buyer').waitFor()
    expect(await controls()).toBe(2)
    await bring(client.admin)
    await makeProduct(page, 'Dates')
    await product(page, 'Dates').waitFor()

    await choose(page, far)
    await product(page, 'Bananas').waitFor()
    expect(await field.inputValue()).toBe('')
    await bring(client.admin)
    await page.getByText(`This token is for the shop ${near}.`).waitFor()
    expect(await controls()).toBe(2)
    expect(await namesIn(near)).toEqual(['Dates', 'Apples'])
    // Nothing was asked for that is refused without a token.
    expect(beside(faults)).toEqual([])
  })

  it('comes back by itself from a feed that was refused, and on request from a session', async () => {
    const { page, faults } = await browser.openPage()
    // As a proxy answers while the engine behind it starts.
    const busy = { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }
    await page.route('**/ops/feed*', (route) => route.fulfill(busy), { times: 1 })
    await page.route('**/ops/session*', (route) => route.fulfill(busy), { times: 1 })
    await page.goto(`${origin}/ops?shop=${near}`)
    await page.getByText('no connection').waitFor()
    await page.getByText('Something else than the engine answered, with status 502').waitFor()
    expect(await browser.findBarriers(page)).toEqual([])
    await page.getByRole('button', { name: 'Try again' }).click()
    await product(page, 'Apples').waitFor()
    await page
      .locator('.pill', { hasText: /^open$/ })
      .first()
      .waitFor()
    expect(beside(faults, /status of 502/)).toEqual([])
  })

  it('says that as many watch as may, and watches when it can', async () => {
    const { feed } = client.dependencies
    const viewers = Array.from({ length: limits.liveViewersMax }, () =>
      feed.watch(
        near,
        () => {},
        () => {},
      ),
    )
    const { page } = await browser.openPage()
    await page.goto(`${origin}/ops?shop=${near}`)
    await page.getByRole('status').getByText('As many watch as may.').waitFor()
    for (const viewer of viewers) viewer?.stop()
    await product(page, 'Apples').waitFor()
    await page.getByRole('status').getByText('open', { exact: true }).waitFor()
  })

  it('says that there are more products than it lists', async () => {
    const shop = uniqueShop()
    const sale = await openSale(redis, shop)
    for (let made = 0; made <= limits.liveProductsMax; made++) {
      await sale.product([{}], { name: `Number ${made}.` })
    }
    const { page } = await browser.openPage()
    await page.goto(`${origin}/ops?shop=${shop}`)
    await page.getByText('There are more, which are older').waitFor()
    expect(await product(page, 'Number 0.').count()).toBe(0)
    expect(await page.locator('details.product').count()).toBe(limits.liveProductsMax)
  })

  it('says that Redis does not have a shop', async () => {
    const { page } = await browser.openPage()
    await page.goto(`${origin}/ops?shop=${uniqueShop()}`)
    await page.getByText('closed: Redis does not have this shop').waitFor()
    expect(await page.getByText('There is no product yet').count()).toBe(0)
  })
})
