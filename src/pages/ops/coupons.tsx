import { outcomeOf } from '../../client/client.ts'
import type { HotCoupon } from '../../engine/reads.ts'
import { Bar } from './bar.tsx'
import { textsOf } from './fields.ts'
import { formatCount, formatStatus, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'
import { WaitingRoom } from './waiting-room.tsx'

type Props = {
  /** Null until they are known. */
  coupons: HotCoupon[] | null
  client: AdminClient
}

/** The coupons, and what an operator changes of them. */
export function Coupons({ coupons, client }: Props) {
  return (
    <section aria-labelledby="coupons">
      <h2 id="coupons">Coupons</h2>
      {coupons?.length === 0 && <p class="quiet">There is no coupon yet.</p>}
      {coupons?.map((coupon) => (
        <Coupon key={coupon.id} coupon={coupon} client={client} />
      ))}
    </section>
  )
}

function Coupon({ coupon, client }: { coupon: HotCoupon; client: AdminClient }) {
  const { id, name, status, totalQuantity, issuedQuantity, usedQuantity } = coupon
  const left = totalQuantity - issuedQuantity
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
      <p>
        id <code>{id}</code>
        {coupon.validFrom !== undefined && ` · from ${formatTime(coupon.validFrom)}`}
        {coupon.validUntil !== undefined && ` · until ${formatTime(coupon.validUntil)}`}
        {coupon.code !== undefined && ` · code ${coupon.code}`}
      </p>
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
          <button
            type="button"
            disabled={action.isBusy}
            onClick={() => patch({ status: 'ENDED' }, 'It has ended.')}
          >
            End<span class="unseen"> {name}</span>
          </button>
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
    </details>
  )
}
