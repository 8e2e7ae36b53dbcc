import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey, shopKeys } from '../redis/keys.ts'
import { type Lost, openAcceptedCommands } from './accepted.ts'
import { type Batcher, openBatcher } from './batcher.ts'
import { type CommandArguments, type CommandName, commands } from './commands.ts'
import { sendBatch } from './send-batch.ts'

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
  /** Resolves when every command that was accepted has its answer. */
  drained(): Promise<void>
}

export type EngineOptions = {
  redis: RedisClient
  /** From an order to its deadline. */
  holdMs: number
  /** Events that may wait for Postgres. Defaults to limits.backlogEventsMax. */
  backlogMax?: number
  /** Replicas that must have a decision before it is answered. Defaults to none. */
  replicaAcks?: number
  /** Called after each batch that appended events to a shop's outbox. */
  onAccepted?: (shop: string) => void
  /** Called when a shop was rebuilt, with what this process had accepted and Postgres never got. */
  onLost?: (shop: string, epoch: number, lost: Lost) => void
}

/** Opens the engine: one batcher per shop over one Redis connection. */
export function openEngine(options: EngineOptions): Engine {
  const { redis, holdMs, backlogMax = limits.backlogEventsMax, replicaAcks = 0 } = options
  const { onAccepted = () => {}, onLost = () => {} } = options
  const settings = [backlogMax, holdMs, limits.reapedHoldsMax].map(String)
  const batchers = new Map<string, Batcher<Reply>>()

  function openShopBatcher(shop: string): Batcher<Reply> {
    const keys = shopKeys(shop)
    const acceptedCommands = openAcceptedCommands()
    /** Of the shop as far as this process knows: what it last heard, and never lower. */
    let knownEpoch = 0

    async function decideBatch(commands: string[][]): Promise<Reply[]> {
      const args = [...settings, String(knownEpoch), ...commands.flat()]
      const reply = await sendBatch(redis, keys, args, replicaAcks)
      const [epoch, backlog, appended, lastEventId] = reply.splice(0, 4) as [
        number,
        number,
        number,
        string,
      ]
      const replies = reply as Reply[]
      const isStale = replies[0]?.[0] === 'stale_epoch'
      if (isStale && epoch < knownEpoch) {
        // This Redis went back to a time before the rebuild: what it would decide could never be persisted.
        return replies.map(() => ['shop_closed'])
      }
      if (isStale) {
        await meetEpoch(epoch)
        return decideBatch(commands)
      }
      if (replies[0]?.[0] !== 'shop_closed') knownEpoch = epoch
      if (appended > 0) {
        acceptedCommands.note({ commands, backlog, appended, lastEventId }, replies)
        onAccepted(shop)
      }
      return replies
    }

    /** The shop was rebuilt since this process last heard of it: what Postgres lacked then is lost. */
    async function meetEpoch(epoch: number): Promise<void> {
      const rebuiltUntil = await redis
        .hget(shopKey(shop, 'meta'), 'rebuiltUntil')
        .catch((cause) => {
          throw new Unavailable('Redis does not say how far it was rebuilt', { cause })
        })
      knownEpoch = epoch
      const lost = acceptedCommands.takeAfter(rebuiltUntil ?? '0-0')
      if (lost.commands.length + lost.forgotten > 0) onLost(shop, epoch, lost)
    }

    return openBatcher(decideBatch)
  }

  return {
    async decide(shop, name, named, rest = []) {
      let batcher = batchers.get(shop)
      if (!batcher) {
        batcher = openShopBatcher(shop)
        batchers.set(shop, batcher)
      }
      const values = commands[name].map((key) => String((named as Record<string, unknown>)[key]))
      const command = [name, String(values.length + rest.length), ...values, ...rest]
      let reply = await batcher.submit(command)
      // Each time a bounded number of lapsed holds was expired, so this comes to its end.
      while (reply[0] === 'reaping') reply = await batcher.submit(command)
      if (reply[0] === 'fault') throw new Error(`The decision ${name} failed: ${reply[1]}`)
      return reply
    },
    async drained() {
      await Promise.all([...batchers.values()].map((batcher) => batcher.drained()))
    },
  }
}
