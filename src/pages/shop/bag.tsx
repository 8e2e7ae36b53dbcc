import { useEffect, useRef, useState } from 'preact/hooks'
import { quote } from '../../domain/quote.ts'
import { formatAmount } from '../format-amount.ts'
import { formatDiscount } from './amounts.ts'
import { NewsAt } from './news.tsx'
import type { Choice } from './product-card.tsx'
import type { Account, UserCoupon } from './use-account.ts'
import type { Deeds } from './use-deeds.ts'
import type { Product } from './use-shelf.ts'

type Line = {
  optionId: string
  name: string
  optionValue: string | null
  unitPrice: number
  quantity: number
}

type Props = {
  account: Account
  products: Product[]
  deeds: Deeds
  /** What is bought past the bag, or null for the bag itself. */
  direct: Choice | null
  backToBag: () => void
}

/** What is about to be ordered, with its coupon, its amount and the two ways to have it. */
export function Bag({ account, products, deeds, direct, backToBag }: Props) {
  const [couponId, chooseCoupon] = useState('')
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // Who has just chosen something goes on here, by eye and by keyboard.
    if (direct) heading.current?.focus()
  }, [direct])
  const lines = direct ? directLines(direct, products) : bagLines(account)
  const coupons = account.coupons.filter(({ status }) => status === 'AVAILABLE')
  const coupon = coupons.find(({ userCouponId }) => userCouponId === couponId) ?? null
  const { originalAmount, discountAmount, finalAmount } = quote(lines, coupon)

  const order = (pay: boolean) => {
    const items = lines.map(({ optionId, quantity }) => ({ optionId, quantity }))
    deeds.order({
      ...(direct ? { items } : { fromCart: true }),
      ...(coupon && { userCouponId: coupon.userCouponId }),
      // Whoever pays another amount than he saw was cheated.
      expectedAmount: finalAmount,
      pay,
    })
  }
  return (
    <section class="bag" aria-labelledby="bag-heading">
      <h2 id="bag-heading" ref={heading} tabIndex={-1}>
        {direct ? 'Your order' : 'Your bag'}
      </h2>
      {direct && account.cart.items.length > 0 && (
        <button type="button" class="quiet" onClick={backToBag}>
          Back to your bag
        </button>
      )}
      {lines.length === 0 && <p class="hint">Nothing in it yet.</p>}
      <ul class="lines">
        {lines.map((line) => (
          <li key={line.optionId}>
            <span>
              {line.quantity} × {line.name}
              {line.optionValue !== null && `, ${line.optionValue}`}
            </span>
            <span class="amount">{formatAmount(line.unitPrice * line.quantity)}</span>
            {!direct && (
              <button
                type="button"
                class="quiet"
                disabled={deeds.isBusy}
                aria-label={`Take ${line.name} out of the bag`}
                onClick={() => void deeds.takeOutOfBag(line.optionId)}
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {coupons.length > 0 && lines.length > 0 && (
        <CouponChoice coupons={coupons} chosen={coupon?.userCouponId ?? ''} choose={chooseCoupon} />
      )}
      {account.hasMoreCoupons && lines.length > 0 && (
        <p class="hint">You have more coupons. Those of your newest that can be used are here.</p>
      )}
      {lines.length > 0 && (
        <>
          <dl class="sums">
            {discountAmount > 0 && (
              <>
                <dt>Before the coupon</dt>
                <dd>{formatAmount(originalAmount)}</dd>
                <dt>Coupon</dt>
                <dd>−{formatAmount(discountAmount)}</dd>
              </>
            )}
            <dt class="total">To pay</dt>
            <dd class="total">{formatAmount(finalAmount)}</dd>
          </dl>
          <div class="buttons">
            <button type="button" class="main" disabled={deeds.isBusy} onClick={() => order(true)}>
              Pay now
            </button>
            <button type="button" disabled={deeds.isBusy} onClick={() => order(false)}>
              Reserve, pay later
            </button>
          </div>
        </>
      )}
      <NewsAt at="bag" deeds={deeds} />
    </section>
  )
}

function directLines({ optionId, quantity }: Choice, products: Product[]): Line[] {
  for (const { name, options } of products) {
    const option = options.find(({ id }) => id === optionId)
    if (option) {
      return [
        { optionId, name, optionValue: option.optionValue, unitPrice: option.price, quantity },
      ]
    }
  }
  return []
}

function bagLines({ cart }: Account): Line[] {
  return cart.items.map(({ productName, ...line }) => ({ ...line, name: productName }))
}

type ChoiceProps = { coupons: UserCoupon[]; chosen: string; choose: (id: string) => void }

function CouponChoice({ coupons, chosen, choose }: ChoiceProps) {
  return (
    <div class="coupon-choice">
      <label for="coupon">Coupon</label>
      <select id="coupon" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">None</option>
        {coupons.map((coupon) => (
          <option key={coupon.userCouponId} value={coupon.userCouponId}>
            {coupon.couponName}: {formatDiscount(coupon)}
          </option>
        ))}
      </select>
    </div>
  )
}
