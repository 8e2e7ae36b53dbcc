import { type Random, seededRandom } from './random.ts'

/** How a request is sent a second time: a client that is impatient, or one that never saw the answer. */
export type Repeat = 'never' | 'together' | 'after'

/** What a buyer does with the order. Whoever leaves it lets it lapse. */
export type Ending = 'pay_at_once' | 'pay_later' | 'cancel' | 'leave'

/** One option of the sale; `product` is the position of its product. */
export type OptionPlan = { product: number; optionValue: string; price: number; stock: number }

/** A line of an order; `option` is the position of the option in the plan. */
export type LinePlan = { option: number; quantity: number }

export type BuyerPlan = {
  number: number
  /** `reusesKey`: the key comes once more, with another body, which must be refused. */
  charge: { amount: number; repeat: Repeat; reusesKey: boolean }
  claim: { repeat: Repeat }
  order: {
    lines: LinePlan[]
    ending: Ending
    /** Says the price that the buyer was shown, as `expectedAmount`. */
    statesAmount: boolean
    repeat: Repeat
    reusesKey: boolean
  }
  settlement: { repeat: Repeat }
}

export type SalePlan = {
  seed: number
  /** Names of the products. */
  products: string[]
  options: OptionPlan[]
  coupon: {
    discountType: 'PERCENTAGE'
    discountValue: number
    maxDiscountAmount: number
    totalQuantity: number
  }
  /** Deadline of an order that is not paid. */
  holdMs: number
  buyers: BuyerPlan[]
}

/** 5,000 buyers for 1,000 coupons and 20 options of 50 units: five want what one can have. */
const buyerCount = 5_000
const couponQuantity = 1_000
const productNames = ['Runner', 'Court', 'Trail', 'Classic']
const optionsPerProduct = 5
const unitsPerOption = 50

/** Short enough that abandoned units come back and are sold again while the demo runs. */
const holdMs = 3_000

const repeatedShare = 0.1
const reusedKeyShare = 0.01
const poorShare = 0.02

/** Lays out the whole sale. The same seed gives the same plan, to the last quantity and repeated request. */
export function planSale(seed: number): SalePlan {
  const random = seededRandom(seed)
  const options = productNames.flatMap((_, product) =>
    Array.from({ length: optionsPerProduct }, (_, size) => ({
      product,
      optionValue: `EU ${38 + size}`,
      price: random.between(2_000, 20_000),
      stock: unitsPerOption,
    })),
  )
  return {
    seed,
    products: productNames,
    options,
    coupon: {
      discountType: 'PERCENTAGE',
      discountValue: 1_500,
      maxDiscountAmount: 2_500,
      totalQuantity: couponQuantity,
    },
    holdMs,
    buyers: Array.from({ length: buyerCount }, (_, number) => planBuyer(random, options, number)),
  }
}

function planBuyer(random: Random, options: OptionPlan[], number: number): BuyerPlan {
  const lines = planLines(random, options.length)
  const price = lines.reduce(
    (sum, line) => sum + (options[line.option]?.price ?? 0) * line.quantity,
    0,
  )
  const isPoor = random.chance(poorShare)
  return {
    number,
    charge: {
      // One unit of money pays for nothing here, so that a buyer without means is refused whatever else happens.
      amount: isPoor ? 1 : price + random.between(0, 10_000),
      repeat: planRepeat(random),
      reusesKey: random.chance(reusedKeyShare),
    },
    claim: { repeat: planRepeat(random) },
    order: {
      lines,
      ending: isPoor ? 'pay_at_once' : planEnding(random),
      statesAmount: random.chance(0.5),
      repeat: planRepeat(random),
      reusesKey: random.chance(reusedKeyShare),
    },
    settlement: { repeat: planRepeat(random) },
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

function planEnding(random: Random): Ending {
  if (random.chance(0.45)) return 'pay_at_once'
  if (random.chance(0.45)) return 'pay_later'
  return random.chance(0.4) ? 'cancel' : 'leave'
}

function planRepeat(random: Random): Repeat {
  if (!random.chance(repeatedShare)) return 'never'
  return random.chance(0.5) ? 'together' : 'after'
}
