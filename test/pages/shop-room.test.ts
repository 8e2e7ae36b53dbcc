import { describe, expect, it } from 'vitest'
import { signToken } from '../e2e/engine.ts'
import { hasBrowser } from '../support/browser.ts'
import {
  answerProblem,
  beside,
  cardOf,
  choose,
  couponOf,
  newsAt,
  openShopWorld,
} from './shop-world.ts'

describe.runIf(hasBrowser)('a waiting room before something, in a browser', () => {
  const world = openShopWorld()
  const admin = signToken('operator', 'admin')
  const openRoom = (path: string, terms: object) =>
    world.send('PUT', `/v1/${path}/waiting-room`, admin, terms as Record<string, unknown>)
  const closeRoom = (path: string) => world.send('DELETE', `/v1/${path}/waiting-room`, admin)
  const enter = (path: string, userId: string) =>
    world.send('POST', `/v1/${path}/entry`, signToken(userId))
  const provoked = /status of 409/

  it('is passed at once where nobody is before the buyer', async () => {
    const coupon = await world.coupon('Calm coupon')
    await openRoom(`coupons/${coupon}`, { admitPerSecond: 10 })
    const { page, faults } = await world.openShop()
    await couponOf(page, 'Calm coupon').getByRole('button', { name: 'Claim' }).click()
    await newsAt(page, 'coupons').getByText('You were number 1').waitFor()
    expect(beside(faults, provoked)).toEqual([])
  })

  it('tells how it stands while the buyer waits, and claims when it is his turn', async () => {
    const coupon = await world.coupon('Wanted coupon', { totalQuantity: 3 })
    await openRoom(`coupons/${coupon}`, { admitPerSecond: 1, passMs: 10_000 })
    const { page, faults } = await world.openShop()
    // Three have a pass or a turn, so that nothing is left for the buyer unless one of them does not come.
    await expect
      .poll(async () => (await enter(`coupons/${coupon}`, 'early-1')).status)
      .toBe('admitted')
    for (const early of ['early-2', 'early-3']) {
      await expect
        .poll(async () => (await enter(`coupons/${coupon}`, early)).status, { timeout: 10_000 })
        .toBe('admitted')
    }
    await couponOf(page, 'Wanted coupon').getByRole('button', { name: 'Claim' }).click()
    const news = newsAt(page, 'coupons')
    await news.getByText('You are in the waiting room').waitFor()
    await news.getByText('You are next.').waitFor()
    await news.getByText('nothing is left for you').waitFor()
    await world.takePicture(page, 'shop-room')
    // Their passes end.
    await news.getByText('It is yours').waitFor({ timeout: 40_000 })
    expect(beside(faults, provoked)).toEqual([])
  })

  it('is kept by who gets no answer in it, or too early', async () => {
    const coupon = await world.coupon('Patient coupon')
    await openRoom(`coupons/${coupon}`, { admitPerSecond: 10 })
    const { page, faults } = await world.openShop()
    // Each is longer than the page waits within one attempt.
    const troubles = [
      [503, 'unavailable', 4],
      [429, 'rate_limited', 4],
      [500, 'internal', 0],
    ] as const
    let asked = 0
    await page.route('**/entry', (route) => {
      const [status, code, retryAfterSeconds] = troubles[asked++] ?? []
      return status ? answerProblem(route, status, code, retryAfterSeconds) : route.continue()
    })
    await couponOf(page, 'Patient coupon').getByRole('button', { name: 'Claim' }).click()
    const news = newsAt(page, 'coupons')
    await news.getByText('No answer yet. Asking again').waitFor()
    await news.getByRole('button', { name: 'Stop waiting' }).waitFor()
    await news.getByRole('timer', { name: 'Asking again in' }).waitFor()
    await news.getByText('You were number 1').waitFor()
    expect(asked).toBe(troubles.length + 1)
    expect(beside(faults, /status of (409|429|500|503)/)).toEqual([])
  })

  it('is found by who orders his bag while the bag cannot be read', async () => {
    const { optionId } = await world.product('Shy lamp')
    const { page, faults } = await world.openShop()
    await cardOf(page, 'Shy lamp').getByRole('button', { name: 'Put into bag' }).click()
    await page.locator('.bag .lines', { hasText: 'Shy lamp' }).waitFor()
    await openRoom(`options/${optionId}`, { admitPerSecond: 10 })
    let asked = 0
    await page.route('**/v1/me/cart', (route) => {
      asked += 1
      return asked === 1 ? answerProblem(route, 503, 'unavailable', 4) : route.continue()
    })
    await page.getByRole('button', { name: 'Pay now' }).click()
    const news = newsAt(page, 'bag')
    await news.getByText('No answer yet. Asking again').waitFor()
    await news.getByText('Bought').waitFor()
    expect(beside(faults, /status of (409|503)/)).toEqual([])
  })

  it('is left by who waits no longer', async () => {
    const { optionId } = await world.product('Rare lamp', { stock: 1 })
    await openRoom(`options/${optionId}`, { admitPerSecond: 1 })
    await enter(`options/${optionId}`, 'first-in')
    const { page, faults, userId } = await world.openShop()
    await choose(page, 'Rare lamp')
    await page.getByRole('button', { name: 'Pay now' }).click()
    const news = newsAt(page, 'bag')
    await news.getByRole('button', { name: 'Stop waiting' }).click()
    await news.getByText('There is a waiting room before it').waitFor()
    expect(await world.ordersOf(userId)).toEqual([])

    // It is bought behind the room as before it, also by who began to wait while it was open.
    await page.getByRole('button', { name: 'Pay now' }).click()
    await news.getByText('You are in the waiting room').waitFor()
    await closeRoom(`options/${optionId}`)
    await news.getByText('Bought').waitFor({ timeout: 20_000 })
    expect(beside(faults, provoked)).toEqual([])
  })

  it('tells who waits that all is sold', async () => {
    const { optionId } = await world.product('Last chair', { stock: 1, price: 0 })
    await openRoom(`options/${optionId}`, { admitPerSecond: 1 })
    const { pass } = await enter(`options/${optionId}`, 'quick')
    const { page, faults } = await world.openShop()
    await choose(page, 'Last chair')
    await page.getByRole('button', { name: 'Pay now' }).click()
    const news = newsAt(page, 'bag')
    await news.getByText('You are in the waiting room').waitFor()
    const body = { items: [{ optionId, quantity: 1 }], pay: true }
    const headers = { 'x-admission': String(pass) }
    await world.send('POST', '/v1/orders', signToken('quick'), body, headers)
    await news.getByText('Others were faster').waitFor()
    expect(beside(faults, provoked)).toEqual([])
  })
})
