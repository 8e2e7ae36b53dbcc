import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKeys } from '../redis/keys.ts'
import { type Batcher, openBatcher } from './batcher.ts'
import { type CommandArguments, type CommandName, commands } from './commands.ts'

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
  /** Called after each batch that appended events to a shop's outbox. */
  onAccepted?: (shop: string) => void
}

/** Opens the engine: one batcher per shop over one Redis connection. */
export function openEngine(options: EngineOptions): Engine {
  const { redis, holdMs, backlogMax = limits.backlogEventsMax, onAccepted = () => {} } = options
  const settings = [backlogMax, holdMs, limits.reapedHoldsMax].map(String)
  const batchers = new Map<string, Batcher<Reply>>()

  function openShopBatcher(shop: string): Batcher<Reply> {
    const keys = shopKeys(shop)
    return openBatcher(async (batch) => {
      const replies = await send([...keys, ...settings, ...batch.flat()], keys.length)
      const appended = replies.shift()
      if (Number(appended) > 0) onAccepted(shop)
      return replies as Reply[]
    })
  }

  async function send(keysAndArguments: string[], keyCount: number): Promise<unknown[]> {
    try {
      return (await redis.decide(keyCount, ...keysAndArguments)) as unknown[]
    } catch (cause) {
      throw new Unavailable('Redis did not decide', { cause })
    }
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
