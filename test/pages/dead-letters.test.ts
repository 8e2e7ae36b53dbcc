import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { createApp } from '../../src/http/app.ts'
import { verify } from '../../src/verify/verify.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { listen, openClient } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { value } from '../support/sale.ts'

const client = await openClient()
const { redis, orm } = client.dependencies
const { shop } = client
const place = { redis, orm, shop }
const app = createApp({ ...client.dependencies, verify: () => verify(place, shop) })
const origin = `http://127.0.0.1:${await listen(app)}`

const run = (statement: string) => sql.raw(statement).execute(databaseOf(orm))
/** Charges that Postgres refuses, because somebody has added a constraint; what takes it away again. */
async function refuseChargesOf(...users: string[]): Promise<() => Promise<unknown>> {
  await run(`alter table balance_history add constraint of_somebody
    check (user_id not in ('${users.join("', '")}')) not valid`)
  for (const userId of users) value(await client.charge(userId, 100))
  await drainOutbox(place)
  return () => run('alter table balance_history drop constraint of_somebody')
}
const rowsOf = async (userId: string) =>
  (await run(`select amount from balance_history where user_id = '${userId}'`)).rows
const dropped = async () =>
  (await run('select drop_reason as reason from dead_letters where dropped_at is not null')).rows

describe.runIf(hasBrowser)('dead letters on the live page', { timeout: 120_000 }, () => {
  const browser = openBrowser()
  let page: Page
  let faults: string[]
  let accept: () => Promise<unknown>
  beforeAll(async () => {
    accept = await refuseChargesOf('ann', 'bob')
    const opened = await browser.openPage({ viewport: { width: 1280, height: 900 } })
    page = opened.page
    faults = opened.faults
    // How long the page waits for what it asks.
    await page.addInitScript(`
      globalThis.waits = []
      const { timeout } = AbortSignal
      AbortSignal.timeout = (ms) => (waits.push(ms), timeout.call(AbortSignal, ms))
    `)
    await page.goto(`${origin}/ops?shop=${shop}`)
  })
  const section = () =>
    page.locator('section', { has: page.getByRole('heading', { name: /^Dead letters/ }) })
  const letterOf = (userId: string) => section().locator('details.letter', { hasText: userId })
  const button = (userId: string, name: string) =>
    letterOf(userId).getByRole('button', { name: new RegExp(`^${name}`) })

  it('are counted, and told with the event and the reason', async () => {
    await section().getByRole('heading', { name: 'Dead letters 2' }).waitFor()
    const letter = letterOf('ann')
    await letter.locator('summary').click()
    await letter.getByText('of_somebody').waitFor()
    expect(JSON.parse((await letter.locator('pre').textContent()) as string)).toMatchObject({
      userId: 'ann',
      amount: 100,
    })
    expect(await browser.findBarriers(page)).toEqual([])
  })

  it('are among what the books do not balance by', async () => {
    const books = page.locator('section', { has: page.getByRole('heading', { name: 'Books' }) })
    await books.getByRole('button').click()
    await books.getByText('They do not balance').waitFor()
    await books.getByText(/outbox.*2 off/).waitFor()
    await page.evaluate('scrollTo(0, 0)')
    await browser.takePicture(page, 'ops-dead-letters', { fullPage: true })
  })

  it('stay where Postgres refuses them again, and get their rows where it does not', async () => {
    const longestWait = async () => Number(await page.evaluate('Math.max(...waits.splice(0))'))
    await longestWait()
    await button('ann', 'Retry').click()
    await section().getByText('(dead_letter_refused)').waitFor()
    expect(await longestWait()).toBeGreaterThan(60_000)
    await letterOf('ann').getByText('retried 1×').waitFor()
    await accept()
    await button('ann', 'Retry').click()
    await section().getByText('It has its rows.').waitFor()
    await letterOf('ann').waitFor({ state: 'detached' })
    expect(await rowsOf('ann')).toEqual([{ amount: '100' }])
    await section().getByRole('heading', { name: 'Dead letters 1' }).waitFor()
  })

  it('are dropped after a question only, with a reason', async () => {
    await letterOf('bob').locator('summary').click()
    const dialog = page.getByRole('dialog', { name: 'Give this event up?' })
    const isDropButtonFocused = () =>
      button('bob', 'Drop').evaluate((one) => one === one.ownerDocument.activeElement)
    await button('bob', 'Drop').click()
    await dialog.getByLabel('Why').waitFor()
    expect(await browser.findBarriers(page)).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await isDropButtonFocused()).toBe(true)
    await button('bob', 'Drop').click()
    await dialog.getByRole('button', { name: 'Drop it for good' }).click()
    expect(await dialog.getByLabel('Why').evaluate((one) => one.matches(':invalid'))).toBe(true)
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(await dropped()).toEqual([])

    await button('bob', 'Drop').click()
    await dialog.getByLabel('Why').fill('paid back by hand')
    await dialog.getByRole('button', { name: 'Drop it for good' }).click()
    await section().getByText('It is dropped.').waitFor()
    await letterOf('bob').getByText('paid back by hand').waitFor()
    expect(await button('bob', 'Drop').count()).toBe(0)
    expect(await dropped()).toEqual([{ reason: 'paid back by hand' }])
    await section().getByLabel('Show').selectOption('OPEN')
    await section().getByText('There is none.').waitFor()
    await section().getByLabel('Show').selectOption('')
    await letterOf('bob').waitFor()
  })

  it('are there as soon as they happen, and are retried all at once', async () => {
    const accept = await refuseChargesOf('cleo', 'dan')
    await letterOf('dan').waitFor()
    await accept()
    await page.evaluate('waits.splice(0)')
    await section().getByRole('button', { name: 'Retry all open ones' }).click()
    await section().getByText('2 of them have their rows.').waitFor()
    // Each of them is a transaction of its own.
    expect(Number(await page.evaluate('Math.max(...waits)'))).toBeGreaterThan(60_000)
    await letterOf('dan').waitFor({ state: 'detached' })
    expect([...(await rowsOf('cleo')), ...(await rowsOf('dan'))]).toHaveLength(2)
    // The one that was refused again.
    expect(faults.filter((fault) => !/status of 409/.test(fault))).toEqual([])
  })
})
