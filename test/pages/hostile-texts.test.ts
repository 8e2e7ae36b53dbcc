import { once } from 'node:events'
import { Queue, Worker } from 'bullmq'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { createApp } from '../../src/http/app.ts'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { queuePrefix } from '../../src/redis/keys.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { listen, openClient, tokenOf } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { openForeignSite } from '../support/foreign-site.ts'
import { openBooks } from '../workers/books.ts'

/*
 * Whatever somebody may write that a page shows, markup and script above all, is shown as the text that it is. That the
 * texts are no harmless ones, a page without any care for them shows at the end.
 */

const texts = [
  '<img src=x: onerror="ran(1)">',
  `"><script>ran(2)</script>`,
  `' autofocus onfocus=ran(3) x='`,
  '</title></style></textarea><svg onload=ran(4)>',
  '<iframe srcdoc="<script>parent.ran(5)</script>"></iframe>',
  'javascript:ran(6)',
  '[a link](javascript:ran(7)) ![](x: "onerror=ran(7)")',
  `{{constructor.constructor("ran(8)")()}} \${ran(8)} <%= ran(8) %>`,
  '&lt;script&gt;ran(9)&lt;/script&gt; &amp; &#60;b&#62;',
  '\u202eshown from the right\u2066 \u200f\u2069 left',
  '👩‍👩‍👧‍👦👟 𝒔𝒂𝒍𝒆 𐍈 𠜎 e\u0301',
]

const books = await openBooks({ redisDatabase: 13 })
const shown = openShownQueues(books.redisUrl)
afterAll(() => shown.close())
const client = await openClient({ queues: shown.queues })
const { admin, shop } = client
const { orm, redis } = client.dependencies
const origin = `http://127.0.0.1:${await listen(createApp(client.dependencies))}`
const foreign = await openForeignSite()
const drain = () => drainOutbox({ orm, redis, shop })
const sorted = (some: readonly (string | null)[]) => [...some].sort()

let sent = 0
async function send(path: string, body: object) {
  const answer = await client.post(`/v1/${path}`, { token: admin, body, key: `key-${++sent}` })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}
const makeProduct = (text: string) =>
  send('products', {
    name: text,
    brand: text,
    description: text,
    options: [text, `2: ${text}`].map((optionValue) => ({ optionValue, price: 0, stock: 9 })),
  })

describe.runIf(hasBrowser)('markup in a text', { timeout: 90_000 }, () => {
  const browser = openBrowser()

  beforeAll(async () => {
    for (const [index, text] of texts.entries()) {
      const { options } = await makeProduct(text)
      const coupon = { discountType: 'FIXED', discountValue: 1, totalQuantity: 9 }
      const { id } = await send('coupons', { ...coupon, name: text })
      await client.post(`/v1/coupons/${id}/claims`, { token: client.user('ann') })
      await client.placeOrder('ann', { items: [{ optionId: options[0].id, quantity: 1 }] })
      await send('users', { id: `user-${index}`, name: text })
    }
    await drain()
  }, 60_000)

  /** A page, and everything by which script in it would be noticed. */
  async function openWatched(path: string) {
    const { page, faults } = await browser.openPage({ viewport: { width: 1280, height: 900 } })
    const signs: string[] = []
    await page.exposeFunction('ran', (what: unknown) => signs.push(`ran ${what}`))
    await page.exposeFunction('violated', (what: string) => signs.push(`violated ${what}`))
    await page.addInitScript(
      `addEventListener('securitypolicyviolation', (event) => violated(event.effectiveDirective))`,
    )
    page.on('dialog', (dialog) => {
      signs.push(`dialog ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('request', (request) => {
      const { protocol, origin: asked } = new URL(request.url())
      if (protocol !== 'data:' && asked !== origin) signs.push(`asked ${request.url()}`)
    })
    await page.goto(path.startsWith('http') ? path : `${origin}${path}`)
    return { page, faults, signs }
  }

  /** What a text would leave in a page that took it for markup. */
  const madeOf = (page: Page) =>
    page
      .locator(
        'iframe, object, embed, [onerror], [onload], [onfocus], [srcdoc], [autofocus], ' +
          'img[src^="x"], script:not([src]):not([type="application/json"]), a[href^="javascript:" i]',
      )
      .count()

  async function expectQuiet({ page, signs }: Awaited<ReturnType<typeof openWatched>>) {
    expect(await madeOf(page)).toBe(0)
    expect(signs).toEqual([])
  }

  const textsOf = (page: Page, selector: string) => page.locator(selector).allTextContents()
  const expectTexts = (page: Page, selector: string, wanted: readonly string[] = texts) =>
    expect
      .poll(async () => sorted(await textsOf(page, selector)), { timeout: 30_000 })
      .toEqual(sorted(wanted))

  it('is text in the shop', async () => {
    const buyer = tokenOf('ann', { shop, role: 'user' })
    const opened = await openWatched(`/shop#token=${buyer}`)
    const { page, faults } = opened
    await expectTexts(page, '.product h2')
    await expectTexts(page, '.product .brand')
    await expectTexts(page, '.product .description')
    await expectTexts(
      page,
      '.product .option span',
      texts.flatMap((text) => [text, `2: ${text}`]),
    )
    await expectTexts(page, '.coupon h3')
    await expectTexts(
      page,
      '.orders .lines li',
      texts.map((text) => `1 × ${text}, ${text}`),
    )
    for (const card of await page.locator('.product').all()) {
      await card.getByRole('button', { name: 'Put into bag' }).click()
      await expect
        .poll(() => card.getByRole('button', { name: 'Put into bag' }).isEnabled())
        .toBe(true)
    }
    const bag = await page.locator('.bag').textContent()
    for (const text of texts) expect(bag).toContain(text)
    expect(await page.title()).toBe('Stampede shop')
    await expectQuiet(opened)
    expect(faults).toEqual([])
  })

  it('is text on the live page, and in what is looked up there', async () => {
    const opened = await openWatched(`/ops?shop=${shop}`)
    const { page, faults } = opened
    await expectTexts(page, '.product h3', [...texts, ...texts])
    await expect
      .poll(async () => (await page.locator('ol.popular').textContent())?.length, {
        timeout: 30_000,
      })
      .toBeGreaterThan(100)
    const look = page.locator('section', { has: page.getByRole('heading', { name: 'Look up' }) })
    const lookUp = async (id: string, wanted: string) => {
      await look.getByRole('textbox').fill(id)
      await look.getByRole('button').click()
      await expect.poll(() => look.textContent(), { timeout: 30_000 }).toContain(wanted)
    }
    for (const [index, text] of texts.entries()) await lookUp(`user-${index}`, text)
    await lookUp('ann', `1 × ${texts[0]}`)
    for (const text of texts) expect(await look.textContent()).toContain(`1 × ${text} ${text}`)
    await lookUp(texts[0] as string, 'The request is not valid')
    await expectQuiet(opened)
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
  })

  it('is text in a dead letter, and in the reason why it was dropped', async () => {
    const db = databaseOf(orm)
    await sql`alter table products add constraint of_somebody check (name = '') not valid`.execute(
      db,
    )
    for (const text of texts) await makeProduct(`letter ${text}`)
    await drain()
    const opened = await openWatched(`/ops?shop=${shop}`)
    const { page, faults } = opened
    const letters = page.locator('details.letter')
    const withData = (text: string) => letters.filter({ hasText: JSON.stringify(`letter ${text}`) })
    for (const text of texts) {
      const letter = withData(text)
      await letter.locator('summary').click()
      expect(await letter.locator('pre').textContent()).toContain(JSON.stringify(`letter ${text}`))
      await letter.getByRole('button', { name: /^Drop/ }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Why').fill(text)
      await dialog.getByRole('button', { name: 'Drop it for good' }).click()
      await expect.poll(() => letter.textContent(), { timeout: 30_000 }).toContain(`: ${text}`)
    }
    await expectQuiet(opened)
    expect(faults).toEqual([])
  })

  it('is text in the reference of the API, which takes no document from elsewhere', async () => {
    const elsewhere = encodeURIComponent(`${foreign.url}/document.json`)
    const query = `?url=${elsewhere}&configUrl=${elsewhere}&urls=${elsewhere}`
    const opened = await openWatched(`/docs${query}#/products/listProducts`)
    const { page, faults } = opened
    const operation = page.locator('#operations-products-listProducts')
    await operation.locator('.execute').waitFor({ timeout: 50_000 })
    await page.locator('.btn.authorize').click()
    await page.locator('.auth-container input').fill(admin)
    await page.locator('.auth-btn-wrapper .authorize').click()
    await page.locator('.auth-btn-wrapper .btn-done').click()
    await operation.locator('[data-param-name="limit"] input').fill('100')
    await operation.locator('.execute').click()
    const answer = operation.locator('.live-responses-table')
    await answer.locator('.response-col_status', { hasText: '200' }).waitFor()
    const body = await answer.textContent()
    for (const text of texts) expect(body).toContain(JSON.stringify(text))
    await expectQuiet(opened)
    expect(foreign.asked).toEqual([])
    expect(faults).toEqual([])
  })

  it('is text on the dashboard of the queues', async () => {
    await books.clearQueue()
    const connection = { url: books.redisUrl }
    const queue = new Queue('drain', { connection, prefix: queuePrefix })
    const reason = texts.join('\n')
    const fail = async () => {
      throw Object.assign(new Error(reason), { stack: `Error: ${reason}\n    at ${reason}` })
    }
    const worker = new Worker('drain', fail, { connection, prefix: queuePrefix })
    const failed = once(worker, 'failed')
    await queue.add('drain', { shop: reason })
    await failed
    await Promise.all([worker.close(), queue.close()])
    const opened = await openWatched('/admin/queues/queue/drain?status=failed')
    const { page, faults } = opened
    await page.getByText('ran(2)').first().waitFor()
    const body = page.locator('body')
    await page.getByRole('tab', { name: 'Error' }).click()
    await expect.poll(() => body.textContent()).toContain(`at ${texts[0]}`)
    await page.getByRole('tab', { name: 'Data' }).click()
    await expect.poll(() => body.textContent()).toContain(`shop:"${reason}`)
    await browser.takePicture(page, 'queues-hostile')
    await expectQuiet(opened)
    expect(faults).toEqual([])
  })

  it.each(['/shop', '/ops'])('is text in the address of %s', async (path) => {
    for (const text of texts) {
      const named = encodeURIComponent(text)
      const claims = Buffer.from(JSON.stringify({ sub: text, shop: text })).toString('base64url')
      const opened = await openWatched(`${path}?shop=${named}#token=a.${claims}.c`)
      await opened.page.getByText('shop', { exact: false }).first().waitFor()
      await expectQuiet(opened)
      await opened.page.close()
    }
  })

  it('would run on a page that took it for markup', async () => {
    const { page, signs } = await openWatched(foreign.url)
    const markup = JSON.stringify(texts.map((text) => `<p>${text}</p>`))
    await page.evaluate(
      `for (const text of ${markup}) document.body.insertAdjacentHTML('beforeend', text)`,
    )
    await expect
      .poll(() => signs.filter((sign) => sign.startsWith('ran')).length)
      .toBeGreaterThan(1)
    expect(await madeOf(page)).toBeGreaterThan(2)
  })
})
