import { describe, expect, it } from 'vitest'
import { signToken } from '../e2e/engine.ts'
import { hasBrowser } from '../support/browser.ts'
import { balanceOf, beside, cardOf, choose, couponOf, newsAt, openShopWorld } from './shop-world.ts'

describe.runIf(hasBrowser)('the shop in a browser', () => {
  const world = openShopWorld()
  const pay = { name: 'Pay now' }

  it('opens a coupon by its own clock, and sells with it', async () => {
    const { page, faults } = await world.openPage({ viewport: { width: 1280, height: 900 } })
    // The clock of this device is an hour ahead: by it the sale is long open.
    await page.addInitScript(() => {
      const now = Date.now
      Date.now = () => now() + 3_600_000
    })
    await world.product('Rain jacket', { price: 12_000 })
    const startsAtMs = Date.now() + 6_000
    const validFrom = new Date(startsAtMs).toISOString()
    await world.coupon('A tenth', {
      discountType: 'PERCENTAGE',
      discountValue: 1_000,
      validFrom,
    })
    await world.enter(page)
    const coupon = couponOf(page, 'A tenth')
    await coupon.getByText('Opens in').waitFor()
    expect(await coupon.getByRole('button').isDisabled()).toBe(true)
    await page.getByText('The clock of this device is 01:00:00 ahead.').waitFor()

    await coupon.getByRole('button', { name: 'Claim' }).click()
    expect(Date.now()).toBeGreaterThan(startsAtMs - 1_000)
    await newsAt(page, 'coupons').getByText('You were number 1').waitFor()
    await choose(page, 'Rain jacket')
    await page.getByLabel('Coupon', { exact: true }).selectOption({ label: 'A tenth: 10% off' })
    await page.locator('.sums .total', { hasText: '108.00' }).waitFor()
    await world.takePicture(page, 'shop-light')
    await page.getByRole('button', pay).click()
    await newsAt(page, 'bag').getByText('108.00 went from your balance').waitFor()
    await expect.poll(() => balanceOf(page).textContent(), { timeout: 30_000 }).toBe('392.00')
    await page.locator('[data-status="COMPLETED"]').waitFor()
    expect(beside(faults, /status of 409/)).toEqual([])
  })

  it('orders what lies in the bag, and pays what was reserved', async () => {
    await world.product('Wool hat', { price: 2_000 })
    await world.product('Scarf', { price: 3_000 })
    const { page, faults } = await world.openShop()
    for (const name of ['Wool hat', 'Scarf']) {
      await cardOf(page, name).getByRole('button', { name: 'Put into bag' }).click()
      await page.locator('.bag .lines', { hasText: name }).waitFor()
    }
    await page.getByRole('button', { name: 'Reserve, pay later' }).click()
    const order = page.locator('[data-status="PENDING"]')
    await order.getByRole('timer', { name: 'Held for you for' }).waitFor()
    await page.getByText('Nothing in it yet').waitFor()
    await order.getByRole('button', { name: 'Pay 50.00' }).click()
    await newsAt(page, 'orders').getByText('50.00 went from your balance').waitFor()
    expect(await newsAt(page, 'bag').textContent()).toBe('')
    await page.locator('[data-status="COMPLETED"]').waitFor()
    await expect.poll(() => balanceOf(page).textContent(), { timeout: 30_000 }).toBe('450.00')
    expect(faults).toEqual([])
  })

  it('explains that all is sold, and that all that is left is reserved, for how long', async () => {
    const [gone, held] = [
      await world.product('Free poster', { price: 0, stock: 1 }),
      await world.product('Lamp', { stock: 1, holdMs: 8_000 }),
    ]
    const { page, faults } = await world.openShop()
    await world.takeUnits(gone.optionId, 1)
    await choose(page, 'Free poster')
    await page.getByRole('button', pay).click()
    await newsAt(page, 'bag').getByText('Others were faster').waitFor()

    await world.takeUnits(held.optionId, 1)
    await choose(page, 'Lamp')
    await page.getByRole('button', pay).click()
    const news = newsAt(page, 'bag')
    await news.getByText('All that is left is reserved').waitFor()
    const left = news.getByRole('timer', { name: 'The first reservation ends in' })
    expect(await left.textContent()).toMatch(/00:0\d/)
    await world.takePicture(page, 'shop-held')
    await news.getByRole('button', { name: 'Try again', exact: true }).click()
    await news.getByText('Bought').waitFor()
    expect(beside(faults, /status of 409/)).toEqual([])
  })

  it('explains that the balance is too low, and reserves instead', async () => {
    await world.product('Sofa', { price: 60_000 })
    const { page, faults } = await world.openShop()
    await choose(page, 'Sofa')
    await page.getByRole('button', pay).click()
    const news = newsAt(page, 'bag')
    await news.getByText('Your balance is too low').waitFor()
    await news.getByRole('button', { name: 'Reserve it, pay later' }).click()
    await news.getByText('It is held for you').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await newsAt(page, 'orders').getByText('on sale again').waitFor()
    await page.locator('[data-status="CANCELLED"]').waitFor()
    expect(await balanceOf(page).textContent()).toBe('500.00')
    expect(beside(faults, /status of 409/)).toEqual([])
  })

  it('asks again before it pays another price than was seen', async () => {
    const { optionId } = await world.product('Kettle', { price: 4_000 })
    const { page, faults, userId } = await world.openShop()
    // What the page has seen stays as it is, as if it had looked a moment ago.
    const seen = await (await fetch(`${world.engine().url}/v1/products?limit=100`)).text()
    const json = { contentType: 'application/json', body: seen }
    await page.route('**/v1/products?*', (route) => route.fulfill(json))
    await world.changeOption(optionId, { price: 4_500 })
    await choose(page, 'Kettle')
    await page.getByRole('button', pay).click()
    const news = newsAt(page, 'bag')
    await news.getByText('It was 40.00, and is 45.00 now.').waitFor()
    expect(await world.ordersOf(userId)).toEqual([])
    await news.getByRole('button', { name: 'Order for 45.00' }).click()
    await news.getByText('45.00 went from your balance').waitFor()
    expect(beside(faults, /status of 409/)).toEqual([])
  })

  it('shows markup in a name as text', async () => {
    const name = '<img src=x onerror="document.title=1"><b>Mug</b>'
    await world.product(name, { price: 100 })
    await world.coupon(name)
    const { page, faults } = await world.openShop()
    await page.getByRole('heading', { name, level: 2 }).waitFor()
    await page.getByRole('heading', { name, level: 3 }).waitFor()
    await choose(page, name)
    await page.getByRole('button', pay).click()
    await newsAt(page, 'bag').getByText('Bought').waitFor()
    await page.locator('.orders .lines', { hasText: name }).waitFor()
    expect(await page.locator('img, b').count()).toBe(0)
    expect(await page.title()).toBe('Stampede shop')
    expect(faults).toEqual([])
  })

  it('can be used by the keyboard alone', async () => {
    await world.product('Notebook', { price: 700 })
    const { page, faults } = await world.openPage()
    await page.goto(world.url())
    const focused = () =>
      page.evaluate('document.activeElement.textContent || document.activeElement.tagName')
    const tabTo = async (label: RegExp, within = page.locator('body')) => {
      for (let steps = 0; steps < 80; steps += 1) {
        await page.keyboard.press('Tab')
        const isWithin = await within.evaluate((one) =>
          one.contains(one.ownerDocument.activeElement),
        )
        if (isWithin && label.test(String(await focused()))) return
      }
      throw new Error(`The keyboard does not reach ${label}`)
    }
    await page.getByRole('button', { name: 'Shop as a demo buyer' }).waitFor()
    await tabTo(/Shop as a demo buyer/)
    await page.keyboard.press('Enter')
    await balanceOf(page).waitFor()
    await cardOf(page, 'Notebook').getByRole('button', { name: 'Buy' }).waitFor()
    await tabTo(/^Buy$/, cardOf(page, 'Notebook'))
    await page.keyboard.press('Enter')
    // The order has the focus: its button is a few steps away, and not behind the rest of the page.
    await expect.poll(focused, { timeout: 30_000 }).toBe('Your order')
    await tabTo(/^Pay now$/, page.locator('.bag'))
    await page.keyboard.press('Enter')
    await newsAt(page, 'bag').getByText('Bought').waitFor()
    expect(faults).toEqual([])
  })

  it('takes a token out of the address, and none of an operator', async () => {
    const { page, faults } = await world.openPage()
    await page.goto(`${world.url()}#token=${signToken('ann')}`)
    await page.locator('.buyer', { hasText: 'ann' }).waitFor()
    expect(page.url()).toBe(world.url())
    await page.reload()
    await page.locator('.buyer', { hasText: 'ann' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto('about:blank')
    await page.goto(`${world.url()}#token=${signToken('operator', 'admin')}`)
    await page.getByText('This is the token of an operator').waitFor()
    expect(page.url()).toBe(world.url())
    // Who leaves a page gives up what it has just asked for.
    expect(beside(faults, /no answer: /)).toEqual([])
    await page.goto('about:blank')
    await page.goto(`${world.url()}#token=a.${btoa('{"sub":"ann"}')}.c`)
    await page.getByText('Your token is not valid, or its time is over').waitFor()
    expect(beside(faults, /no answer: |status of 401/)).toEqual([])
  })

  it('says where it does not show all', async () => {
    await world.product('Newest cup', { price: 0 })
    const { page, faults, userId } = await world.openShop()
    const buyer = signToken(userId)
    const optionId = await world.optionOf('Newest cup')
    for (const name of ['Old coupon', 'New coupon']) {
      const id = await world.coupon(name)
      await world.send('POST', `/v1/coupons/${id}/claims`, buyer)
      await world.send('POST', '/v1/orders', buyer, { items: [{ optionId, quantity: 1 }] })
    }
    await page.reload()
    await cardOf(page, 'Newest cup').waitFor()
    await expect.poll(() => page.locator('[data-order]').count()).toBe(2)
    await choose(page, 'Newest cup')
    expect(await page.getByText('There are more').count()).toBe(0)
    expect(await page.getByText('You have more').count()).toBe(0)

    // Pages of one show what longer lists would.
    await page.route(/\/v1\/(products|me\/orders|me\/coupons)\?/, (route) =>
      route.continue({
        url: route
          .request()
          .url()
          .replace(/limit=\d+/, 'limit=1'),
      }),
    )
    await page.reload()
    await page.getByText('There are more products.').waitFor()
    await page.getByText('There are more orders.').waitFor()
    await choose(page, 'Newest cup')
    await page.getByText('You have more coupons.').waitFor()
    expect(await page.locator('[data-order]').count()).toBe(1)
    // Who loads a page anew gives up what the one before has asked for.
    expect(beside(faults, /no answer: /)).toEqual([])
  })

  it.each(['light', 'dark'] as const)(
    'can be read and used by everybody, %s',
    async (colorScheme) => {
      const product = `Linen shirt, ${colorScheme}`
      await world.product(product, { price: 8_900, stock: 3, perUserLimit: 1 })
      await world.coupon(`Reader's coupon, ${colorScheme}`)
      // A button on its way from one colour to another may be hard to read for a tenth of a second.
      const phone = {
        viewport: { width: 360, height: 740 },
        colorScheme,
        reducedMotion: 'reduce',
      } as const
      const { page, faults } = await world.openPage(phone)
      await page.goto(world.url())
      await page.getByRole('button', { name: 'Shop as a demo buyer' }).waitFor()
      await cardOf(page, product).waitFor()
      expect(await world.findBarriers(page)).toEqual([])
      await world.enter(page)
      await couponOf(page, `Reader's coupon, ${colorScheme}`)
        .getByRole('button', { name: 'Claim' })
        .click()
      await newsAt(page, 'coupons').getByText('It is yours').waitFor()
      await choose(page, product)
      await page.getByLabel('Coupon', { exact: true }).waitFor()
      expect(await world.findBarriers(page)).toEqual([])
      await page.getByRole('button', { name: 'Reserve, pay later' }).click()
      await newsAt(page, 'bag').getByText('It is held for you').waitFor()
      await choose(page, product)
      await page.getByRole('button', pay).click()
      await newsAt(page, 'bag').getByText('as many as one buyer may have').waitFor()
      await page.locator('[data-status="PENDING"]').waitFor()
      expect(await world.findBarriers(page)).toEqual([])
      expect(beside(faults, /status of 409/)).toEqual([])
    },
  )

  it.each([
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
    ['phone', { viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' }],
  ] as const)('fits the screen: %s', async (name, options) => {
    const product = `Trail shoes, ${name}`
    await world.product(product, { price: 8_900, stock: 3, perUserLimit: 2 })
    const { page, faults } = await world.openShop(options)
    await choose(page, product)
    await cardOf(page, product).getByText('Only 3 left a moment ago').waitFor()
    const overhang = () => page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(await overhang()).toBe(0)
    await page.getByRole('button', { name: 'Reserve, pay later' }).click()
    await newsAt(page, 'bag').getByText('It is held for you').waitFor()
    await world.takePicture(page, `shop-${name}`)
    expect(await overhang()).toBe(0)
    expect(faults).toEqual([])
  })
})
