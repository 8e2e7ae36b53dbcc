import type { MikroORM } from '@mikro-orm/postgresql'
import { ShopClosed } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { repeat } from '../services/repeat.ts'
import type { VerifyReport } from '../verify/verify.ts'
import { type Fault, type Moment, openShopView, type ReadState, type Second } from './moment.ts'
import { noShop, type OutcomeKind, type Outcomes, pulseChannel, readPulse } from './pulse.ts'

/**
 * What a viewer is sent: once what the shop was like in the last minutes, then each second what it is like; and the
 * last proof of its books, as soon as there is one.
 */
export type FeedEvent =
  | { name: 'history'; seconds: Second[] }
  | { name: 'moment'; moment: Moment }
  | { name: 'proof'; proof: Proof }

/** What a proof of the books found, when, and how long it took. */
export type Proof = { report: VerifyReport; atMs: number; tookMs: number }

/** An event as a viewer gets it: its name, and the whole of it as JSON, which is made once for all viewers. */
export type SendEvent = (name: FeedEvent['name'], text: string) => void

export type Feed = {
  /**
   * Sends the moments of a shop until `stop` is called.
   *
   * @returns null where as many watch as may, and after `close`.
   */
  watch(shop: string, send: SendEvent, end: () => void): { stop(): void } | null
  /** Keeps the proof that this process has made of a shop, until the next one, and tells whoever watches it. */
  keepProof(shop: string, proof: Proof): void
  /** Ends all of them for good. */
  close(): Promise<void>
}

type Watched = {
  readState: ReadState
  history: Second[]
  viewers: Set<{ send: SendEvent; end: () => void }>
}

/** What all processes decided in one second. */
type Collected = { processes: Set<string>; shops: Map<string, Outcomes> }

/**
 * Brings the pulses of all API processes together for whoever watches a shop. However many do, this process listens
 * once, and reads a watched shop once a second; where nobody does, it does neither.
 *
 * @param parts.openSubscriber connects to the same Redis: a connection that listens can do nothing else.
 */
export function openFeed(parts: {
  redis: RedisClient
  orm: MikroORM
  openSubscriber: () => RedisClient
}): Feed {
  const { redis, orm, openSubscriber } = parts
  const shops = new Map<string, Watched>()
  const collected = new Map<number, Collected>()
  const proofs = new Map<string, Proof>()
  let toldUntil = Number.POSITIVE_INFINITY
  let listening: { subscriber: RedisClient; ticks: { close(): Promise<void> } } | null = null
  let viewers = 0
  let isClosed = false

  function listen(): void {
    const subscriber = openSubscriber()
    subscriber.on('message', (_channel: string, text: string) => collect(text))
    // It comes back by itself after an outage, also from one that was there before it.
    subscriber.on('error', () => {})
    subscriber.on('ready', () => void subscriber.subscribe(pulseChannel(redis)).catch(() => {}))
    subscriber.connect().catch(() => {})
    listening = { subscriber, ticks: repeat(tick, 1_000) }
  }

  async function stopListening(): Promise<void> {
    const { subscriber, ticks } = listening ?? {}
    listening = null
    toldUntil = Number.POSITIVE_INFINITY
    collected.clear()
    subscriber?.disconnect()
    await ticks?.close()
  }

  function collect(text: string): void {
    const pulse = readPulse(text)
    if (!pulse) return
    // What a clock that is ahead counts, it counts now: kept for its time it would pile up here.
    const at = Math.min(pulse.second, Math.floor(Date.now() / 1_000))
    const second = collected.get(at) ?? { processes: new Set(), shops: new Map() }
    collected.set(at, second)
    second.processes.add(pulse.process)
    for (const [name, outcomes] of Object.entries(pulse.shops)) {
      // What belongs to no shop concerns all of them.
      for (const shop of name === noShop ? shops.keys() : [name]) {
        if (!shops.has(shop)) continue
        const sum = second.shops.get(shop) ?? {}
        second.shops.set(shop, sum)
        addTo(sum, outcomes)
      }
    }
  }

  /** Tells of the seconds that every process has had the time to tell of. */
  async function tick(): Promise<void> {
    const until = Math.floor(Date.now() / 1_000) - limits.pulseDelaySeconds
    // The clock of the process may be set, also by hours.
    const told = Math.max(toldUntil, until - limits.liveHistorySeconds)
    const from = Math.min(told, until - 1) + 1
    toldUntil = until
    const due = [...collected].filter(([second]) => second <= until)
    for (const [second] of due) collected.delete(second)
    const processes = new Set(due.flatMap(([, { processes }]) => [...processes])).size
    await Promise.all(
      [...shops].map(async ([shop, watched]) => {
        const seconds = Array.from({ length: until - from + 1 }, (_, index): Second => {
          const atMs = (from + index) * 1_000
          return { atMs, outcomes: {} }
        })
        for (const [second, { shops }] of due) {
          // What comes too late counts for the first second that can still be told of.
          const at = seconds[Math.max(0, second - from)] as Second
          addTo(at.outcomes, shops.get(shop) ?? {})
        }
        const read = await watched.readState().catch(faultOf)
        const waiting = typeof read === 'string' ? {} : { backlog: read.backlog, lagMs: read.lagMs }
        for (const one of seconds) Object.assign(one, waiting)
        const before = watched.history.filter(({ atMs }) => atMs < from * 1_000)
        watched.history = [...before, ...seconds].slice(-limits.liveHistorySeconds)
        const moment: Moment = {
          seconds,
          processes,
          ...(typeof read === 'string' ? { state: null, fault: read } : { state: read }),
        }
        tell(watched.viewers, { name: 'moment', moment })
      }),
    )
  }

  return {
    watch(shop, send, end) {
      if (isClosed || viewers >= limits.liveViewersMax) return null
      if (!listening) listen()
      const watched = shops.get(shop) ?? {
        readState: openShopView({ redis, orm }, shop),
        history: [],
        viewers: new Set(),
      }
      shops.set(shop, watched)
      const viewer = { send, end }
      watched.viewers.add(viewer)
      viewers += 1
      tell([viewer], { name: 'history', seconds: watched.history })
      const proof = proofs.get(shop)
      if (proof) tell([viewer], { name: 'proof', proof })
      return {
        stop() {
          if (!watched.viewers.delete(viewer)) return
          viewers -= 1
          if (watched.viewers.size === 0) shops.delete(shop)
          if (viewers === 0) void stopListening()
        },
      }
    },
    keepProof(shop, proof) {
      proofs.delete(shop)
      proofs.set(shop, proof)
      const [oldest] = proofs.keys()
      if (proofs.size > limits.liveProofsMax) proofs.delete(oldest as string)
      tell(shops.get(shop)?.viewers ?? [], { name: 'proof', proof })
    },
    async close() {
      isClosed = true
      for (const { viewers } of shops.values()) for (const { end } of viewers) end()
      await stopListening()
    },
  }
}

function tell(viewers: Iterable<{ send: SendEvent }>, event: FeedEvent): void {
  const text = JSON.stringify(event)
  for (const { send } of viewers) send(event.name, text)
}

function faultOf(error: unknown): Fault {
  return error instanceof ShopClosed ? 'lost' : 'unavailable'
}

function addTo(sum: Outcomes, more: Outcomes): void {
  for (const [kind, statuses] of Object.entries(more) as [OutcomeKind, Record<string, number>][]) {
    sum[kind] ??= {}
    for (const [status, count] of Object.entries(statuses)) {
      sum[kind][status] = (sum[kind][status] ?? 0) + count
    }
  }
}
