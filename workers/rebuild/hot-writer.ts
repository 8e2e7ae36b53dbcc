import type { ChainableCommander } from 'ioredis'
import { limits } from '../../src/limits.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import { type LoadedKeyName, loadedKeyNames, sentinel } from '../../src/redis/keys.ts'

/** A field of a hash with its value, or a member of a sorted set with its score. */
export type Entry = readonly [name: string, value: string | number]

const sortedSets: readonly LoadedKeyName[] = ['catalog', 'holds']
const hashes = loadedKeyNames.filter((name) => !sortedSets.includes(name))

/** How many fields or members a key got, without the sentinel; rankings are left out. */
export type LoadedCounts = Partial<Record<LoadedKeyName, number>>

export type HotWriter = ReturnType<typeof openHotWriter>

/**
 * Fills the keys of a shop that is being loaded. Commands are queued, and sent together by `send`. Each of them is so
 * short that Redis has time for its other clients in between.
 */
export function openHotWriter(target: {
  redis: RedisClient
  keyOf: (name: LoadedKeyName) => string
}) {
  const { redis, keyOf } = target
  let commands: ChainableCommander = redis.pipeline()

  return {
    setFields(name: LoadedKeyName, fields: readonly Entry[]): void {
      for (const part of commandsOf(fields)) commands.hset(keyOf(name), ...part.flat())
    },
    addMembers(name: LoadedKeyName, members: readonly Entry[]): void {
      for (const part of commandsOf(members)) {
        commands.zadd(keyOf(name), ...part.flatMap(([member, score]) => [score, member]))
      }
    },
    /** Appends texts to fields; one that is not there is empty. */
    async appendToFields(name: LoadedKeyName, texts: readonly Entry[]): Promise<void> {
      const reads = redis.pipeline()
      const parts = [...commandsOf(texts)]
      for (const part of parts) reads.hmget(keyOf(name), ...part.map(([field]) => field))
      const replies = (await run(reads)) as (string | null)[][]
      for (const [index, part] of parts.entries()) {
        this.setFields(
          name,
          part.map(([field, text], place) => [field, (replies[index]?.[place] ?? '') + text]),
        )
      }
    },
    /** Adds to a field; one that is not there counts as zero. */
    addToField(name: LoadedKeyName, [field, units]: Entry): void {
      commands.hincrby(keyOf(name), field, units)
    },
    /** Adds to the score of a member, likewise. */
    addToScore(name: LoadedKeyName, [member, units]: Entry): void {
      commands.zincrby(keyOf(name), units, member)
    },

    /** Sends what is queued, and returns when Redis has it. */
    async send(): Promise<void> {
      const queued = commands
      commands = redis.pipeline()
      if (queued.length > 0) await run(queued)
    },

    /** How many fields or members each key has by now. */
    async count(): Promise<LoadedCounts> {
      const sizes = redis.pipeline()
      for (const name of hashes) sizes.hlen(keyOf(name))
      for (const name of sortedSets) sizes.zcard(keyOf(name))
      const replies = await run(sizes)
      return Object.fromEntries(
        [...hashes, ...sortedSets].map((name, index) => [name, Number(replies[index]) - 1]),
      )
    },

    /** Makes the keys exist, as lua/open-shop.lua does. */
    openKeys(epoch: number): void {
      for (const name of hashes) commands.hset(keyOf(name), sentinel, epoch)
      commands.zadd(keyOf('catalog'), '-inf', sentinel)
      commands.zadd(keyOf('holds'), '+inf', sentinel)
    },
  }
}

/** Cuts entries into what one command may take. */
function* commandsOf(entries: readonly Entry[]): Generator<Entry[]> {
  let part: Entry[] = []
  let length = 0
  for (const entry of entries) {
    part.push(entry)
    length += entry[0].length + String(entry[1]).length
    if (part.length < limits.rebuildFieldsMax && length < limits.rebuildCommandLengthMax) continue
    yield part
    part = []
    length = 0
  }
  if (part.length > 0) yield part
}

/** Runs commands and returns their replies; a failed one throws. */
async function run(commands: ChainableCommander): Promise<unknown[]> {
  const replies = (await commands.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
