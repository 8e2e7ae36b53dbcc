import { outcomeOf } from '../client/client.ts'
import { couponAt } from './coupon-plans.ts'
import type { PausePhase } from './pause.ts'
import { accepted, type Sale } from './sale.ts'
import { isAccepted, submit } from './submit.ts'

/** Buyers after whom the operator pauses a coupon, and those after whom he changes prices. */
const pauseAfter = 150
const priceChangeAfter = 300
/** Enough to see that the pause is on, and few enough that the others go on buying. */
const turnedAwayMin = 10

/** What the operator does while everybody is buying. */
export async function operate(sale: Sale): Promise<void> {
  await Promise.all([pauseCoupon(sale), changePrices(sale)])
}

async function pauseCoupon(sale: Sale): Promise<void> {
  const { visits, pause, plan } = sale
  await visits.reach(pauseAfter)
  await setStatus(sale, 'PAUSED', 'pausing', 'paused')
  await Promise.race([pause.turnedAway.reach(turnedAwayMin), visits.reach(plan.buyers.length)])
  await setStatus(sale, 'ACTIVE', 'resuming', 'after')
  pause.over.pass()
}

async function setStatus(
  sale: Sale,
  status: 'PAUSED' | 'ACTIVE',
  during: PausePhase,
  then: PausePhase,
): Promise<void> {
  const { coupons } = sale.operator.v1
  const id = sale.couponIds[couponAt.fixed] ?? ''
  sale.pause.phase = during
  await accepted(outcomeOf(coupons[':id'].$patch({ param: { id }, json: { status } })))
  sale.pause.phase = then
}

async function changePrices(sale: Sale): Promise<void> {
  const { visits, books, plan, operator } = sale
  await visits.reach(priceChangeAfter)
  for (const [option, { newPrice }] of plan.options.entries()) {
    if (newPrice === null) continue
    const repriced = {
      price: newPrice,
      sentAt: performance.now(),
      answeredAt: Number.POSITIVE_INFINITY,
    }
    books.repriced.set(option, repriced)
    const id = sale.optionIds[option] ?? ''
    const json = { price: newPrice, reason: `the rush of ${sale.run}` }
    await accepted(outcomeOf(operator.v1.options[':id'].$patch({ param: { id }, json })))
    repriced.answeredAt = performance.now()
  }
}

/** Puts units on sale when the rush is over, each time twice: who compares the two answers sends them. */
export async function restock(sale: Sale): Promise<void> {
  for (const [option, { restock: units }] of sale.plan.options.entries()) {
    const answer = await submit(sale.client, sale.books, {
      method: 'POST',
      path: `/v1/options/${sale.optionIds[option]}/stock-adjustments`,
      token: sale.adminToken,
      key: `${sale.run}-restock-${option}`,
      body: { change: units, reason: 'what was left in the store' },
      repeat: option % 2 === 0 ? 'together' : 'after',
      refusals: [],
    })
    if (answer !== null && isAccepted(answer)) sale.books.restocked.set(option, units)
  }
}
