import { outcomeOf } from '../../client/client.ts'
import type { HotCoupon } from '../../engine/reads.ts'
import { formatAmount } from '../format-amount.ts'
import { formatDiscount } from '../shop/amounts.ts'
import { Bar } from './bar.tsx'
import { textsOf } from './fields.ts'
import { formatCount, formatStatus, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import { Question } from './question.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'
import { WaitingRoom } from './waiting-room.tsx'

type Props = {
  /** Null until they are known. */
  coupons: HotCoupon[] | null
  /** Whether there are older ones than these. */
  hasMore: boolean
  /** Null where nothing can be changed. */
  client: AdminClient | null
}

/** The coupons, and what an operator changes of them. */
export function Coupons({ coupons, hasMore, client }: Props) {
  return (
    <section aria-labelledby="coupons">
      <h2 id="coupons">Coupons</h2>
      {coupons?.length === 0 && <p class="quiet">There is no coupon yet.</p>}
      {coupons?.map((coupon) => (
        <Coupon key={coupon.id} coupon={coupon} client={client} />
      ))}
      {hasMore && (
        <p class="quiet">
          There are more, which are older: <em>Look up</em> finds them.
        </p>
      )}
    </section>
  )
}

function Coupon({ coupon, client }: { coupon: HotCoupon; client: AdminClient | null }) {
  const { id, name, status, totalQuantity, issuedQuantity, usedQuantity } = coupon
  const left = totalQuantity - issuedQuantity
  return (
    <details class="product">
      <summary>
        <h3>{name}</h3>
        <span class={`pill ${status === 'ACTIVE' ? 'good' : 'off'}`}>{formatStatus(status)}</span>
        <span class="facts">
          <strong class={left === 0 ? 'none' : ''}>{formatCount(left)}</strong> left of{' '}
          {formatCount(totalQuantity)} · {formatCount(issuedQuantity)} claimed ·{' '}
          {formatCount(usedQuantity)} used
        </span>
        <Bar
          parts={[
            { name: 'sold', count: usedQuantity },
            { name: 'held', count: issuedQuantity - usedQuantity },
            { name: 'free', count: left },
          ]}
        />
      </summary>
      <p class="facts">
        id <code>{id}</code> · {termsOf(coupon).join(' · ')}
      </p>
      {client && <CouponActions coupon={coupon} client={client} />}
    </details>
  )
}

function CouponActions({ coupon, client }: { coupon: HotCoupon; client: AdminClient }) {
  const { id, name, status } = coupon
  const action = useAction()
  const patch = (json: { status: HotCoupon['status'] } | { totalQuantity: number }, done: string) =>
    action.send(outcomeOf(client.v1.coupons[':id'].$patch({ param: { id }, json })), done)

  async function resize(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const total = Number(textsOf(form)('total'))
    if (await patch({ totalQuantity: total }, `It has ${formatCount(total)} units.`)) form.reset()
  }

  return (
    <>
      <p class="buttons">
        {status === 'ACTIVE' && (
          <button
            type="button"
            disabled={action.isBusy}
            onClick={() => patch({ status: 'PAUSED' }, 'It is paused.')}
          >
            Pause<span class="unseen"> {name}</span>
          </button>
        )}
        {status !== 'ACTIVE' && (
          <button
            type="button"
            disabled={action.isBusy}
            onClick={() => patch({ status: 'ACTIVE' }, 'It is active.')}
          >
            {status === 'PAUSED' ? 'Resume' : 'Open again'}
            <span class="unseen"> {name}</span>
          </button>
        )}
        {status !== 'ENDED' && (
          <Question
            label="End"
            about={name}
            title={`End ${name}?`}
            yes="End it"
            no="Leave it as it is"
            isBusy={action.isBusy}
            onYes={() => patch({ status: 'ENDED' }, 'It has ended.')}
          >
            <p>From then on nobody can claim it. Who has claimed one keeps it.</p>
          </Question>
        )}
        <WaitingRoom kind="coupons" id={id} name={name} client={client} />
      </p>
      <form class="inline" onSubmit={resize}>
        <label>
          <span class="unseen">How many units {name} has in all</span>
          <input
            class="small"
            name="total"
            type="number"
            min="1"
            required
            placeholder="units in all"
          />
        </label>
        <button type="submit" disabled={action.isBusy}>
          Change<span class="unseen"> the units of {name}</span>
        </button>
      </form>
      <NoteLine note={action.note} />
    </>
  )
}

/** What a coupon takes off, and who may claim it when. */
function termsOf(coupon: HotCoupon): string[] {
  const { maxDiscountAmount, minOrderAmount, perUserLimit, validFrom, validUntil, code } = coupon
  return [
    formatDiscount(coupon),
    maxDiscountAmount === undefined ? '' : `at most ${formatAmount(maxDiscountAmount)} off`,
    minOrderAmount === 0 ? '' : `for orders from ${formatAmount(minOrderAmount)}`,
    `at most ${formatCount(perUserLimit)} each`,
    validFrom === undefined ? '' : `from ${formatTime(validFrom)}`,
    validUntil === undefined ? '' : `until ${formatTime(validUntil)}`,
    code === undefined ? '' : `code ${code}`,
    coupon.codeRequired ? 'by a code only' : 'for everybody',
  ].filter((term) => term !== '')
}
