import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Lost } from './accepted.ts'
import { type Batcher, openBatcher } from './batcher.ts'
import type { CommandTraces } from './command-traces.ts'
import { type CommandArguments, type CommandName, commands } from './commands.ts'
import { type DecidedBatch, openShopDecider, type ShopDecider } from './shop-decider.ts'
import { openSoldOutCoupons, type SoldOutCoupons } from './sold-out.ts'

/** What a decision answered: its status and its fields. Statuses and fields are documented in its Lua file. */
export type Reply = [status: string, ...fields: (string | number)[]]

export type Engine = {
  /**
   * Asks the deciding script for one decision. Commands that arrive together travel together.
   *
   * @throws Unavailable where Redis is gone, does not answer in time, or too many commands wait for it.
   */
  decide<Name extends CommandName>(
    shop: string,
    name: Name,
    named: CommandArguments<Name>,
    rest?: readonly string[],
  ): Promise<Reply>
  /** How many batches with an effect this process knows of in the shop: what it read before another one is old. */
  acceptedBatches(shop: string): number
  /** Which claims need no decision. */
  soldOut: Pick<SoldOutCoupons, 'refuses'>
  /** Finds out whether anything was lost that was accepted here; to be called now and then. It never fails. */
  look(): Promise<void>
  /** Resolves when every command that was accepted has its answer. */
  drained(): Promise<void>
  /** What was accepted here in shops that are closed or out of reach, and Postgres may lack; it is forgotten. */
  uncertain(): Promise<(Lost & { shop: string })[]>
}

export type EngineOptions = {
  redis: RedisClient
  /** From an order to its deadline. */
  holdMs: number
  /** Events that may wait for Postgres. Defaults to limits.backlogEventsMax. */
  backlogMax?: number
  /** Replicas that must have a decision before it is answered. Defaults to none. */
  replicaAcks?: number
  /** Follows traced commands. Defaults to no traces. */
  traces?: CommandTraces | undefined
  /** A clock in ms that is never set. Defaults to that of the process. */
  nowMs?: () => number
  /** Called after each batch, decided or not. */
  onBatch?: (batch: DecidedBatch) => void
  /** Called for each claim that is refused without asking Redis. */
  onSoldOut?: (shop: string) => void
  /** Called after each batch that appended events to a shop's outbox. */
  onAccepted?: (shop: string) => void
  /** Called when the hot state was lost, with what this process had accepted and neither store has. */
  onLost?: (shop: string, epoch: number, lost: Lost) => void
}

type OpenShop = ShopDecider & {
  batcher: Batcher<Reply>
  accepted: number
  /** Decisions that are not answered yet. */
  waiting: number
}

/** Opens the engine: one batcher per shop over one Redis connection. */
export function openEngine(options: EngineOptions): Engine {
  const { redis, holdMs, backlogMax = limits.backlogEventsMax, replicaAcks = 0 } = options
  const { onBatch = () => {}, onAccepted = () => {}, onLost = () => {}, onSoldOut } = options
  const { nowMs = () => performance.now(), traces } = options
  const soldOut = openSoldOutCoupons(redis, nowMs, onSoldOut)
  const settings = [backlogMax, holdMs, limits.reapedHoldsMax].map(String)
  const shops = new Map<string, OpenShop>()

  function openShop(shop: string) {
    const decider = openShopDecider({
      redis,
      shop,
      settings,
      replicaAcks,
      soldOut,
      nowMs,
      onBatch,
      onAccepted() {
        opened.accepted += 1
        onAccepted(shop)
      },
      onLost: (epoch, lost) => onLost(shop, epoch, lost),
    })
    const decide = traces
      ? (commands: string[][]) =>
          traces.follow({ shop, commands }, (carried) => decider.decide(commands, carried))
      : decider.decide
    const opened = { ...decider, batcher: openBatcher(decide), accepted: 0, waiting: 0 }
    shops.set(shop, opened)
    return opened
  }

  return {
    soldOut,
    async decide(shop, name, named, rest = []) {
      const opened = shops.get(shop) ?? openShop(shop)
      const values = commands[name].map((key) => String((named as Record<string, unknown>)[key]))
      const command = [name, String(values.length + rest.length), ...values, ...rest]
      let reply: Reply
      opened.waiting += 1
      try {
        do {
          traces?.note(command)
          reply = await opened.batcher.submit(command)
          // Each time a bounded number of lapsed holds was expired, so this comes to its end.
        } while (reply[0] === 'reaping')
      } finally {
        opened.waiting -= 1
        // Callers name shops: of one that does not exist nothing stays.
        if (opened.waiting === 0 && opened.isUnknown()) shops.delete(shop)
      }
      if (reply[0] === 'fault') throw new Error(`The decision ${name} failed: ${reply[1]}`)
      return reply
    },
    acceptedBatches: (shop) => shops.get(shop)?.accepted ?? 0,
    async look() {
      // What cannot be asked now is asked again by the next look.
      await Promise.allSettled([...shops.values()].map((shop) => shop.look()))
    },
    async drained() {
      await Promise.all([...shops.values()].map(({ batcher }) => batcher.drained()))
    },
    async uncertain() {
      const found = [...shops].map(async ([shop, { look, takeUncertain }]) => {
        const isOpen = await look().catch(() => false)
        return isOpen ? [] : [{ shop, ...takeUncertain() }]
      })
      return (await Promise.all(found)).flat()
    },
  }
}
