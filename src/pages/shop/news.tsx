import type { ComponentChildren } from 'preact'
import { formatAmount } from '../format-amount.ts'
import { formatLeft } from './amounts.ts'
import { Countdown } from './countdown.tsx'
import type { NewOrder } from './kept-order.ts'
import { explain } from './refusals.ts'
import type { Deeds, News, Place, Refusal, Trouble } from './use-deeds.ts'
import { useNow } from './use-now.ts'
import type { Queue } from './waiting.ts'

/** What became of the last deed, where it was done. The region is always there, so that its news are read out. */
export function NewsAt({ at, deeds }: { at: Place; deeds: Deeds }) {
  const news = deeds.news[at]
  return (
    <div class="news-at" role="status" aria-live="polite" data-news={at}>
      {news && <NewsCard news={news} at={at} deeds={deeds} />}
    </div>
  )
}

function NewsCard({ news, at, deeds }: { news: News; at: Place; deeds: Deeds }) {
  const close = () => deeds.dismiss(at)
  switch (news.kind) {
    case 'asking':
      if (!news.trouble) return <Card tone="wait" title="Asking the shop …" />
      return <TroubleCard trouble={news.trouble} deeds={deeds} />
    case 'queue':
      return (
        <Card tone="wait" title="You are in the waiting room">
          <QueueText {...news.queue} />
          <button type="button" class="quiet" onClick={deeds.giveUp}>
            Stop waiting
          </button>
        </Card>
      )
    case 'done':
      return (
        <Card tone="good" title={news.title} close={close}>
          <p>{news.text}</p>
        </Card>
      )
    case 'unknown':
      return (
        <Card tone="bad" title="The shop did not answer" close={close}>
          <p>It may or may not have happened. Ask again: what was done is not done twice.</p>
          <button type="button" onClick={news.retry}>
            Ask again
          </button>
        </Card>
      )
    case 'refused':
      return <RefusalCard news={news} deeds={deeds} close={close} />
  }
}

function TroubleCard({ trouble, deeds }: { trouble: Trouble; deeds: Deeds }) {
  const { status, againAtMs, canStop } = trouble
  const isTooEarly = status === 429
  const nowMs = useNow(isTooEarly)
  return (
    <Card tone="wait" title={isTooEarly ? 'Too many attempts' : 'No answer yet. Asking again …'}>
      {isTooEarly && <Countdown label="Asking again in" leftMs={againAtMs - nowMs} />}
      <p>Each attempt carries the same key, so nothing is done twice. Reloading is safe too.</p>
      {canStop && (
        <button type="button" class="quiet" onClick={deeds.giveUp}>
          Stop waiting
        </button>
      )}
    </Card>
  )
}

function QueueText({ ahead, waitMs, isLikely }: Queue) {
  const before = ahead === 1 ? 'One buyer is' : `${ahead} buyers are`
  return (
    <>
      <p>
        {ahead === 0 ? 'You are next.' : `${before} before you.`} It takes {formatLeft(waitMs)} or
        more. Keep this page open; a reload keeps your place.
      </p>
      <p>
        {isLikely
          ? 'There is enough for those before you, and for you.'
          : 'If those before you take what they may, nothing is left for you.'}
      </p>
    </>
  )
}

function RefusalCard({ news, deeds, close }: { news: Refusal; deeds: Deeds; close: () => void }) {
  const { problem, againAtMs, order } = news
  const { title, next } = explain(problem)
  const isBug = problem.code === 'internal'
  return (
    <Card
      tone="bad"
      title={title}
      close={isBug && order ? deeds.forget : close}
      code={problem.code}
    >
      <p>{next}</p>
      {problem.code === 'rate_limited' && againAtMs !== null && <ComeAgain atMs={againAtMs} />}
      {order && <NextStep news={news} order={order} deeds={deeds} />}
      {isBug && <p class="fine">Tell the shop: {problem.requestId}</p>}
    </Card>
  )
}

function ComeAgain({ atMs }: { atMs: number }) {
  return <Countdown label="You can try again in" leftMs={atMs - useNow(true)} />
}

/**
 * What a buyer can do at once about an order that was refused. Each is an order of its own, with a key of its own; only
 * what may stand already is asked for with the key that it has.
 */
function NextStep({ news, order, deeds }: { news: Refusal; order: NewOrder; deeds: Deeds }) {
  const { problem, againAtMs } = news
  const nowMs = useNow(problem.code === 'held')
  const button = (text: string, changes: Partial<NewOrder>) => (
    <button
      type="button"
      disabled={deeds.isBusy}
      onClick={() => deeds.order({ ...order, ...changes })}
    >
      {text}
    </button>
  )
  switch (problem.code) {
    case 'amount_changed': {
      const { finalAmount = 0 } = problem
      return (
        <>
          <p>
            It was {formatAmount(order.expectedAmount ?? 0)}, and is{' '}
            <strong>{formatAmount(finalAmount)}</strong> now.
          </p>
          {button(`Order for ${formatAmount(finalAmount)}`, { expectedAmount: finalAmount })}
        </>
      )
    }
    case 'held': {
      const leftMs = (againAtMs ?? 0) - nowMs
      return (
        <>
          <Countdown label="The first reservation ends in" leftMs={leftMs} />
          {button(leftMs > 0 ? 'Try again now' : 'Try again', {})}
        </>
      )
    }
    case 'insufficient_balance':
      return order.pay ? button('Reserve it, pay later', { pay: false }) : null
    case 'rate_limited':
      if (order.pay) return null
      return (
        <>
          <p>If too many of your orders are not paid: one that you pay at once needs no waiting.</p>
          {button('Pay it now', { pay: true })}
        </>
      )
    case 'internal':
      return button('Ask again', {})
    case 'not_started':
      return button('Try again', {})
    default:
      return null
  }
}

type CardProps = {
  tone: 'wait' | 'good' | 'bad'
  title: string
  code?: string
  close?: () => void
  children?: ComponentChildren
}

function Card({ tone, title, code, close, children }: CardProps) {
  return (
    <div class={`news ${tone}`} data-code={code}>
      <h3>{title}</h3>
      {children}
      {close && (
        <button type="button" class="close" aria-label="Close this message" onClick={close}>
          ×
        </button>
      )}
    </div>
  )
}
