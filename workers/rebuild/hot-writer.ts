import type { ChainableCommander } from 'ioredis'
import { limits } from '../../src/limits.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import { type LoadedKeyName, loadedKeyNames, sentinel } from '../../src/redis/keys.ts'

/**
 * Fields of a hash and their values in turns, or scores of a sorted set and their members: as Redis takes them, because
 * a list for each field took a tenth of this process's time.
 */
export type Words = (string | number)[]

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
    setFields(name: LoadedKeyName, fields: Words): void {
      for (const part of commandsOf(fields)) commands.hset(keyOf(name), ...part)
    },
    addMembers(name: LoadedKeyName, members: Words): void {
      for (const part of commandsOf(members)) commands.zadd(keyOf(name), ...part)
    },
    /** Appends texts to fields; one that is not there is empty. */
    async appendToFields(name: LoadedKeyName, texts: Words): Promise<void> {
      const reads = redis.pipeline()
      const parts = [...commandsOf(texts)]
      for (const part of parts) {
        reads.hmget(keyOf(name), ...part.filter((_, place) => place % 2 === 0).map(String))
      }
      const replies = (await run(reads)) as (string | null)[][]
      for (const [index, part] of parts.entries()) {
        const before = (place: number) => replies[index]?.[(place - 1) / 2] ?? ''
        this.setFields(
          name,
          part.map((word, place) => (place % 2 === 0 ? word : `${before(place)}${word}`)),
        )
      }
    },
    /** Adds to a field; one that is not there counts as zero. */
    addToField(name: LoadedKeyName, field: string, units: string): void {
      commands.hincrby(keyOf(name), field, units)
    },
    /** Adds to the score of a member, likewise. */
    addToScore(name: LoadedKeyName, member: string, units: string): void {
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

/** Cuts words into what one command may take, none between the two of a turn. */
function* commandsOf(words: Words): Generator<Words> {
  let first = 0
  let length = 0
  for (let end = 2; end <= words.length; end += 2) {
    length += String(words[end - 2]).length + String(words[end - 1]).length
    if (end - first < 2 * limits.rebuildFieldsMax && length < limits.rebuildCommandLengthMax) {
      continue
    }
    yield words.slice(first, end)
    first = end
    length = 0
  }
  if (first < words.length) yield words.slice(first)
}

/** Runs commands and returns their replies; a failed one throws. */
async function run(commands: ChainableCommander): Promise<unknown[]> {
  const replies = (await commands.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
