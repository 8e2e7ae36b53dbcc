import { formatAmount } from '../format-amount.ts'
import { formatDiscount } from './amounts.ts'
import { Countdown } from './countdown.tsx'
import type { UserCoupon } from './use-account.ts'
import { usePhase } from './use-now.ts'
import type { Coupon } from './use-shelf.ts'

type Props = {
  coupon: Coupon
  /** Those of it that the buyer has. */
  own: UserCoupon[]
  isBusy: boolean
  claim: ((id: string) => void) | null
}

/** A coupon that can be claimed now or later. Its button wakes when the shop's clock says so. */
export function CouponCard({ coupon, own, isBusy, claim }: Props) {
  const { phase, leftMs } = usePhase(coupon.validFrom, coupon.validUntil)
  const { remainingQuantity, totalQuantity, perUserLimit } = coupon
  const hasAll = own.length >= perUserLimit
  return (
    <li class="coupon" data-coupon={coupon.id}>
      <div class="worth">
        <p class="discount">{formatDiscount(coupon)}</p>
        <h3>{coupon.name}</h3>
        {coupon.maxDiscountAmount !== null && (
          <p class="hint">At most {formatAmount(coupon.maxDiscountAmount)} off</p>
        )}
        {coupon.minOrderAmount > 0 && (
          <p class="hint">For orders from {formatAmount(coupon.minOrderAmount)}</p>
        )}
      </div>
      <div class="stub">
        <meter
          min={0}
          max={totalQuantity}
          value={remainingQuantity}
          aria-label={`${coupon.name}: left of ${totalQuantity}`}
        />
        <p class="hint">
          {remainingQuantity > 0 ? `${remainingQuantity} of ${totalQuantity} left` : 'All claimed'}
        </p>
        {phase === 'before' && <Countdown label="Opens in" leftMs={leftMs} />}
        {phase === 'open' && coupon.validUntil && leftMs < 86_400_000 && (
          <Countdown label="Ends in" leftMs={leftMs} />
        )}
        <p class="unseen" role="status">
          {phase === 'open' && coupon.validFrom ? `${coupon.name} can be claimed now.` : ''}
        </p>
        <button
          type="button"
          class="main"
          disabled={phase !== 'open' || isBusy || !claim || hasAll}
          onClick={() => claim?.(coupon.id)}
        >
          {labelOf(phase, hasAll, remainingQuantity)}
        </button>
      </div>
    </li>
  )
}

function labelOf(phase: string, hasAll: boolean, remaining: number): string {
  if (hasAll) return 'You have it'
  if (phase === 'before') return 'Not yet'
  if (phase === 'over') return 'Over'
  return remaining > 0 ? 'Claim' : 'Try anyway'
}
