import { originalAmount } from '../domain/quote.ts'
import { couponAt, couponPlans } from './coupon-plans.ts'
import type { OptionPlan } from './plan.ts'
import type { Random } from './random.ts'

/** How a request is sent a second time: a client that is impatient, or one that never saw the answer. */
export type Repeat = 'never' | 'together' | 'after'

/** What a buyer does with the order. Whoever leaves it lets it lapse. */
export type Ending = 'pay_at_once' | 'pay_later' | 'cancel' | 'leave'

/** What the operator pays back of a paid order: all, one unit that is gone, or one unit and then the rest. */
export type RefundPlan = 'none' | 'whole' | 'part' | 'in_parts'

/** A line of an order; `option` is the position of the option in the plan. */
export type LinePlan = { option: number; quantity: number }

/** Positions of a coupon and of a single-use code; `code` is null where the coupon is claimed by its id. */
export type CouponWish = {
  coupon: number
  code: number | null
  /** Whether somebody else has the same code. */
  isContested: boolean
}

export type BuyerPlan = {
  number: number
  /** `reusesKey`: the key comes once more, with another body, which must be refused. */
  charge: { amount: number; repeat: Repeat; reusesKey: boolean }
  claim: CouponWish & { repeat: Repeat }
  order: {
    lines: LinePlan[]
    /** Whether the lines go into the cart first, and the order takes the cart. */
    fromCart: boolean
    ending: Ending
    /** Says the price that the buyer was shown, as `expectedAmount`. */
    statesAmount: boolean
    repeat: Repeat
    reusesKey: boolean
  }
  settlement: { repeat: Repeat }
  refund: { plan: RefundPlan; repeat: Repeat }
  /** Pays for nothing here. */
  isPoor: boolean
  /** Claims with the others, and orders only after the claimed coupon has lapsed. */
  isLate: boolean
}

/** As many as there are short-lived coupons and codes; a few codes are sent to two buyers. */
const lateBuyers = couponPlans[couponAt.shortLived].totalQuantity
const codes = couponPlans[couponAt.singleUse].totalQuantity
const contestedCodes = 5

const repeatedShare = 0.1
const reusedKeyShare = 0.01
const poorShare = 0.02

export function planBuyer(random: Random, options: OptionPlan[], number: number): BuyerPlan {
  const isLate = number < lateBuyers
  const isPoor = !isLate && random.chance(poorShare)
  const lines = isLate
    ? [{ option: number % options.length, quantity: 1 }]
    : planLines(random, options.length)
  const dearest = originalAmount(
    lines.map(({ option, quantity }) => {
      const { price = 0, newPrice } = options[option] ?? {}
      return { unitPrice: Math.max(price, newPrice ?? 0), quantity }
    }),
  )
  return {
    number,
    charge: {
      // One unit of money pays for nothing here, so that a buyer without means is refused whatever else happens.
      amount: isPoor ? 1 : dearest + random.between(0, 10_000),
      repeat: planRepeat(random),
      reusesKey: random.chance(reusedKeyShare),
    },
    claim: { ...planCoupon(random, number), repeat: planRepeat(random) },
    order: {
      lines,
      fromCart: !isLate && random.chance(0.15),
      ending: isPoor || isLate ? 'pay_at_once' : planEnding(random),
      statesAmount: random.chance(0.5),
      repeat: planRepeat(random),
      reusesKey: random.chance(reusedKeyShare),
    },
    settlement: { repeat: planRepeat(random) },
    refund: { plan: planRefund(random, lines), repeat: planRepeat(random) },
    isPoor,
    isLate,
  }
}

/** Most buyers want one pair; some two, some of two kinds, and some name one kind on two lines. */
function planLines(random: Random, optionCount: number): LinePlan[] {
  const lineCount = random.chance(0.15) ? 2 : 1
  return Array.from({ length: lineCount }, () => ({
    option: random.between(0, optionCount - 1),
    quantity: random.chance(0.2) ? 2 : 1,
  }))
}

function planCoupon(random: Random, number: number): CouponWish {
  const byId = { code: null, isContested: false }
  if (number < lateBuyers) return { coupon: couponAt.shortLived, ...byId }
  const invitation = number - lateBuyers
  if (invitation < codes + contestedCodes) {
    const code = invitation % codes
    return { coupon: couponAt.singleUse, code, isContested: code < contestedCodes }
  }
  return { coupon: random.chance(0.6) ? couponAt.percentage : couponAt.fixed, ...byId }
}

function planEnding(random: Random): Ending {
  if (random.chance(0.45)) return 'pay_at_once'
  if (random.chance(0.45)) return 'pay_later'
  return random.chance(0.4) ? 'cancel' : 'leave'
}

function planRefund(random: Random, lines: LinePlan[]): RefundPlan {
  const units = lines.reduce((sum, { quantity }) => sum + quantity, 0)
  if (units === 1) return random.chance(0.04) ? 'whole' : 'none'
  if (!random.chance(0.3)) return 'none'
  return random.chance(0.5) ? 'part' : 'in_parts'
}

function planRepeat(random: Random): Repeat {
  if (!random.chance(repeatedShare)) return 'never'
  return random.chance(0.5) ? 'together' : 'after'
}
