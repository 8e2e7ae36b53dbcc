import { Unavailable } from '../domain/outcome.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey, shopKeys } from '../redis/keys.ts'
import { type Lost, openAcceptedCommands } from './accepted.ts'
import type { Reply } from './engine.ts'
import { sendBatch } from './send-batch.ts'
import type { SoldOutCoupons } from './sold-out.ts'

export type ShopDecider = {
  /** Sends a batch of commands with the `traces` of its script, and returns their replies in order. */
  decide(commands: string[][], traces?: string): Promise<Reply[]>
  /**
   * Finds out whether something was lost that was accepted here, also while nobody asks for anything. Returns whether
   * the shop is open, as far as this process has heard.
   */
  look(): Promise<boolean>
  /** Whatever was accepted here and is not known to be in Postgres; it is forgotten. */
  takeUncertain(): Lost
  /** Whether nothing was ever decided here: as far as this process has heard there is no such shop. */
  isUnknown(): boolean
}

/** A batch of commands with what was decided, or null where Redis did not answer. */
export type DecidedBatch = {
  shop: string
  commands: readonly string[][]
  replies: readonly Reply[] | null
  tookMs: number
}

/**
 * What one process knows of one shop: its epoch, the last event that it was told of, and what it accepted lately. Each
 * batch says the first two, so that a Redis which went back in time decides nothing for this process.
 *
 * @param options.settings the first arguments of the deciding script.
 * @param options.onLost is told what was accepted here and is in neither store any more.
 */
export function openShopDecider(options: {
  redis: RedisClient
  shop: string
  settings: readonly string[]
  replicaAcks: number
  soldOut: SoldOutCoupons
  nowMs: () => number
  onBatch: (batch: DecidedBatch) => void
  onAccepted: () => void
  onLost: (epoch: number, lost: Lost) => void
}): ShopDecider {
  const { redis, shop, settings, replicaAcks, soldOut, nowMs, onBatch, onAccepted, onLost } =
    options
  const keys = shopKeys(shop)
  const acceptedCommands = openAcceptedCommands()
  let knownEpoch = 0
  let knownEvent = ''
  let isOpen = true

  async function decide(commands: string[][], traces = ''): Promise<Reply[]> {
    const args = [...settings, String(knownEpoch), knownEvent, traces, ...commands.flat()]
    const sentAtMs = nowMs()
    const reply = await sendBatch(redis, keys, args, replicaAcks).catch((error) => {
      // Behind the next connection there may be a Redis that lacks the claims of this one.
      soldOut.forget(shop)
      onBatch({ shop, commands, replies: null, tookMs: nowMs() - sentAtMs })
      throw error
    })
    const [epoch, refusal, knownUntil, backlog, appended, lastEventId] = reply as Header
    const replies = reply.slice(6) as Reply[]
    if (refusal === 'stale_epoch' && epoch > knownEpoch) {
      soldOut.forget(shop)
      await meetEpoch(epoch)
      return decide(commands, traces)
    }
    isOpen = refusal === ''
    if (!isOpen || epoch !== knownEpoch) soldOut.forget(shop)
    if (refusal === 'outdated') tell(epoch, knownUntil)
    const decided: Reply[] = refusal === '' ? replies : replies.map(() => ['shop_closed'])
    onBatch({ shop, commands, replies: decided, tookMs: nowMs() - sentAtMs })
    if (refusal !== '') return decided

    knownEpoch = epoch
    if (appended > 0) knownEvent = lastEventId
    soldOut.note(shop, { commands, epoch, sentAtMs }, replies)
    acceptedCommands.note({ commands, backlog, appended, lastEventId }, replies)
    if (appended > 0) onAccepted()
    return replies
  }

  /** The shop was rebuilt since this process last heard of it: what Postgres lacked then is lost. */
  async function meetEpoch(epoch: number): Promise<void> {
    const text = await redis.hget(shopKey(shop, 'meta'), 'rebuilds').catch((cause) => {
      throw new Unavailable('Redis does not say how far it was rebuilt', { cause })
    })
    const rebuilds = [...(text ?? '').matchAll(/(\d+)=(\S+) /g)]
      .map(([, number, until]) => ({ epoch: Number(number), until: until as string }))
      .filter((rebuild) => rebuild.epoch > knownEpoch)
    // The first of them ended what this process knew; later ones may have had newer events in Postgres.
    const first = rebuilds.sort((a, b) => a.epoch - b.epoch)[0]
    knownEpoch = epoch
    tell(epoch, first?.until ?? '0-0')
  }

  function tell(epoch: number, until: string): void {
    knownEvent = ''
    const lost = acceptedCommands.takeAfter(until)
    if (lost.commands.length + lost.forgotten > 0) onLost(epoch, lost)
  }

  return {
    decide,
    async look() {
      if (acceptedCommands.count() > 0) await decide([])
      return isOpen
    },
    takeUncertain: () => acceptedCommands.takeAfter('0-0'),
    isUnknown: () => knownEpoch === 0,
  }
}

type Header = [
  epoch: number,
  refusal: '' | 'shop_closed' | 'stale_epoch' | 'outdated',
  knownUntil: string,
  backlog: number,
  appended: number,
  lastEventId: string,
  ...unknown[],
]
