import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type Outcome, outcomeOf } from '../../client/client.ts'
import type { ProblemBody } from '../../http/problem.ts'
import { formatAmount } from '../format-amount.ts'
import { type Buyer, type Client, clock, connect } from './connection.ts'
import {
  findKeptOrder,
  forgetOrder,
  type KeptOrder,
  type NewOrder,
  type Order,
  orderOf,
  placeOnce,
} from './kept-order.ts'
import type { Waiting } from './trouble.ts'
import type { Claim } from './use-account.ts'
import { useIsStill } from './use-is-still.ts'
import { openPasses, type Queue, type Thing, thingsOf, waitForPasses } from './waiting.ts'

/** The part of the page that a deed belongs to, and where its outcome is told. */
export type Place = 'coupons' | 'bag' | 'orders'

/** Why the shop is asked again: its answer, if there was one, says nothing, or that it is too early. */
export type Trouble = {
  status: number | null
  againAtMs: number
  /** Whether it may take longer than anybody wants to wait. */
  canStop: boolean
}

/** What became of the last deed at a place. */
export type News =
  | { kind: 'asking'; trouble: Trouble | null }
  | { kind: 'queue'; queue: Queue }
  | { kind: 'done'; title: string; text: string }
  | Refusal
  | { kind: 'unknown'; retry: () => void }

export type Refusal = {
  kind: 'refused'
  problem: ProblemBody
  /** When the shop may say something else, where it tells. */
  againAtMs: number | null
  order: NewOrder | null
}

type AllNews = { [At in Place]?: News }

/** Time for a request of a buyer; everything but an order is repeated by him beyond it. */
const deedTimeoutMs = 10_000
/** Time for a request of a waiting room, which is repeated beyond it. */
const roomTimeoutMs = 3_000

type After = {
  /** Reads again what the buyer has. */
  refresh: () => Promise<void>
  /** Called when a coupon is claimed. */
  onClaimed: (claim: Claim) => Promise<void>
  /** Called when an order is accepted. */
  onOrdered: () => void
}

/** What a buyer does, one thing at a time, and what the page says of it. */
export function useDeeds(buyer: Buyer | null, { refresh, onClaimed, onOrdered }: After) {
  const [news, setNews] = useState<AllNews>({})
  const [isBusy, setBusy] = useState(false)
  const givingUp = useRef(new AbortController())
  const isStill = useIsStill(buyer)
  const passes = useMemo(openPasses, [buyer])
  const leaving = useMemo(() => new AbortController(), [buyer])
  useLayoutEffect(() => {
    // The next buyer hears nothing of what the one before has done, or waits for.
    setNews({})
    setBusy(false)
    return () => leaving.abort()
  }, [buyer])

  function tell(at: Place, one: News | undefined): void {
    if (isStill()) setNews((all) => ({ ...all, [at]: one }))
  }
  function ask(at: Place): void {
    tell(at, { kind: 'asking', trouble: null })
  }
  function begin(at: Place): AbortSignal {
    givingUp.current = new AbortController()
    setBusy(true)
    ask(at)
    return givingUp.current.signal
  }
  function end(): void {
    if (isStill()) setBusy(false)
  }
  const troubleAt =
    (at: Place, canStop: boolean): Waiting['onTrouble'] =>
    (status, pauseMs) =>
      tell(at, {
        kind: 'asking',
        trouble: { status, againAtMs: clock.nowMs() + pauseMs, canStop },
      })

  function settle<Body>(
    at: Place,
    outcome: Outcome<Body>,
    describe: (body: Body, replayed: boolean) => [title: string, text: string] | null,
    order: NewOrder | null = null,
  ) {
    if (!outcome.ok) {
      const { problem, retryAfterMs = problem.retryAfterMs } = outcome
      const againAtMs = retryAfterMs === undefined ? null : clock.nowMs() + retryAfterMs
      tell(at, { kind: 'refused', problem, againAtMs, order })
      return
    }
    const words = describe(outcome.body, outcome.replayed)
    tell(at, words ? { kind: 'done', title: words[0], text: words[1] } : undefined)
  }

  /** Asks; where a waiting room stands before it, waits there first, and asks again with the pass. */
  async function askBehindRooms<Body>(
    { at, buyer, givenUp }: { at: Place; buyer: Buyer; givenUp: AbortSignal },
    send: () => Promise<Outcome<Body> | null>,
    findThings: (client: Client, waiting: Waiting) => Thing[] | Promise<Thing[]>,
  ): Promise<Outcome<Body> | null> {
    const signal = AbortSignal.any([givenUp, leaving.signal])
    const onTrouble = troubleAt(at, true)
    const waiting = {
      signal,
      onTrouble,
      onQueue: (queue: Queue) => tell(at, { kind: 'queue', queue }),
    }
    const client = connect({ buyer, timeoutMs: roomTimeoutMs, onRepeat: onTrouble })
    let outcome = await send()
    while (outcome && !outcome.ok && outcome.problem.code === 'admission_required') {
      const things = await findThings(client, waiting)
      if (things.length === 0) return outcome
      const refusal = await waitForPasses(client, things, passes, waiting)
      if (refusal) return refusal
      if (signal.aborted) return outcome
      ask(at)
      outcome = await send()
    }
    return outcome
  }

  /** Asks for something whose repetition changes nothing. */
  async function act<Body>(
    at: Place,
    call: (client: Client) => Promise<Outcome<Body>>,
    describe: (body: Body, replayed: boolean) => [title: string, text: string] | null,
    things: Thing[] = [],
  ): Promise<void> {
    if (!buyer) return
    const givenUp = begin(at)
    // An order that is paid or cancelled is not what the bag said of it any more.
    if (at === 'orders') tell('bag', undefined)
    const onRepeat = troubleAt(at, false)
    const client = connect({ buyer, passes, timeoutMs: deedTimeoutMs, onRepeat })
    const once = () => call(client).catch(() => null)
    const outcome = await askBehindRooms({ at, buyer, givenUp }, once, () => things)
    if (outcome) settle(at, outcome, describe)
    else tell(at, { kind: 'unknown', retry: () => void act(at, call, describe, things) })
    await refresh()
    end()
  }

  async function send(kept: KeptOrder): Promise<void> {
    if (!buyer) return
    const givenUp = begin('bag')
    const waiting = { onTrouble: troubleAt('bag', true), signal: givenUp }
    const place = () => placeOnce(buyer, kept, passes, waiting)
    const outcome = await askBehindRooms({ at: 'bag', buyer, givenUp }, place, (client, inRoom) =>
      thingsOf(client, kept.body, inRoom),
    )
    if (outcome?.ok && isStill()) onOrdered()
    if (outcome) settle('bag', outcome, describeOrder, kept.body)
    else {
      const text = 'If it was accepted after all, it stands under your orders. Look there first.'
      tell('bag', { kind: 'done', title: 'You do not wait for the order', text })
    }
    await refresh()
    end()
  }

  async function claimed(asked: Promise<Outcome<Claim>>): Promise<Outcome<Claim>> {
    const outcome = await asked
    if (outcome.ok) await onClaimed(outcome.body)
    return outcome
  }

  return {
    news,
    isBusy,
    dismiss: (at: Place) => tell(at, undefined),
    order: (body: NewOrder) => buyer && void send(orderOf(body, buyer)),
    /** Gives an order up whose outcome the shop does not know: a reload does not ask for it again. */
    forget() {
      if (buyer) forgetOrder(buyer)
      tell('bag', undefined)
    },
    /** Finds out what became of an order whose answer an earlier page did not see. */
    async resume() {
      const kept = buyer && findKeptOrder(buyer)
      if (kept) await send(kept)
    },
    giveUp: () => givingUp.current.abort(),
    claim: (id: string) =>
      act(
        'coupons',
        ({ v1 }) => claimed(outcomeOf(v1.coupons[':id'].claims.$post({ param: { id } }))),
        describeClaim,
        [{ kind: 'coupons', id }],
      ),
    claimByCode: (code: string) =>
      act(
        'coupons',
        ({ v1 }) => claimed(outcomeOf(v1.coupons.claims.$post({ json: { code } }))),
        describeClaim,
      ),
    pay: (id: string) =>
      act(
        'orders',
        ({ v1 }) => outcomeOf(v1.orders[':id'].payment.$post({ param: { id } })),
        ({ finalAmount }) => ['Paid', `${formatAmount(finalAmount)} went from your balance.`],
      ),
    cancel: (id: string) =>
      act(
        'orders',
        ({ v1 }) => outcomeOf(v1.orders[':id'].cancel.$post({ param: { id } })),
        () => ['Cancelled', 'What you had reserved is on sale again. Nothing was paid.'],
      ),
    putIntoBag: (optionId: string, quantity: number) =>
      act(
        'bag',
        ({ v1 }) =>
          outcomeOf(
            v1.me.cart.items[':optionId'].$put({ param: { optionId }, json: { quantity } }),
          ),
        () => ['In your bag', 'A bag reserves nothing: the order does.'],
        [{ kind: 'options', id: optionId }],
      ),
    takeOutOfBag: (optionId: string) =>
      act(
        'bag',
        ({ v1 }) => outcomeOf(v1.me.cart.items[':optionId'].$delete({ param: { optionId } })),
        () => null,
      ),
  }
}

export type Deeds = ReturnType<typeof useDeeds>

function describeClaim({ rank }: { rank: number }, replayed: boolean): [string, string] {
  return replayed
    ? ['You have it already', `It is yours since before: you were number ${rank}.`]
    : ['It is yours', `You were number ${rank}. Choose it in your bag when you order.`]
}

function describeOrder(order: Order, replayed: boolean): [string, string] {
  const once = replayed ? ' It had arrived before, and was not placed a second time.' : ''
  return order.status === 'COMPLETED'
    ? ['Bought', `${formatAmount(order.finalAmount)} went from your balance.${once}`]
    : ['Reserved', `It is held for you. Pay it under your orders before the time is up.${once}`]
}
