import { setTimeout as wait } from 'node:timers/promises'
import type { ChainableCommander } from 'ioredis'
import { type Database, inSnapshot } from '../db/database.ts'
import { eventIdOf } from '../db/event-id.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import type { CheckRecord, Discrepancy } from './check.ts'
import type { Facts, HashFields, Mirror } from './mirror.ts'
import { parseStreamInfo, readEvents, run, type Shop, watermarkOf } from './shop.ts'

/**
 * Compares all entities of a mirror, from both sides, while the shop may be selling. Entities whose plain values
 * agree are fine. The others may just be in motion, so `settle` looks at them with the undrained events.
 *
 * @returns false where it gave up, because the drain stayed too far behind.
 */
export async function compareMirror(
  { redis, db, shop }: Shop,
  mirror: Mirror,
  check: CheckRecord,
): Promise<boolean> {
  async function compare(ids: string[]): Promise<boolean> {
    const hot = await readHot(redis.pipeline(), mirror, ids)
    const persisted = await readPersisted(db, mirror, ids)
    const differing = ids.filter((id, index) => {
      const facts = persisted.get(id) ?? mirror.absent
      const found = differences(mirror, id, hot[index] ?? null, facts)
      check.count(Object.keys(hot[index] ?? facts).length)
      return found.length > 0
    })
    if (differing.length === 0) return true
    const found = await settle({ redis, db, shop }, mirror, differing)
    check.report(found ?? [])
    return found !== null
  }

  const same = (await mirror.countSame?.({ redis, db })) ?? null
  if (same !== null) {
    check.count(same)
    return true
  }
  const { fields } = mirror.persisted
  if (fields) {
    const compared = await compareFields({ redis, db }, fields, check, compare)
    if (compared !== 'redis may have more') return compared === 'compared'
  }
  if (!(await everyChunk(mirror.hot.scan(redis), compare))) return false
  if (fields) return true
  return everyChunk(persistedIds(db, mirror), async (ids) => {
    const hot = await readHot(redis.pipeline(), mirror, ids)
    const missing = ids.filter((_, index) => hot[index] === null)
    return missing.length === 0 || compare(missing)
  })
}

/**
 * Looks at one chunk after the other, a few at a time: while one is in Redis another is in Postgres, and this process
 * compares a third.
 *
 * @returns false where a look gave up.
 */
async function everyChunk(
  chunks: AsyncIterable<string[]>,
  look: (ids: string[]) => Promise<boolean>,
): Promise<boolean> {
  const underWay: Promise<boolean>[] = []
  try {
    for await (const ids of chunks) {
      if (ids.length === 0) continue
      if (underWay.length >= limits.verifyChunksMax && !(await underWay.shift())) return false
      const looked = look(ids)
      looked.catch(() => {}) // It is awaited, but perhaps not before it fails.
      underWay.push(looked)
    }
    return (await Promise.all(underWay)).every((isCompared) => isCompared)
  } finally {
    await Promise.allSettled(underWay)
  }
}

/**
 * Compares all fields that Postgres knows, in the order of its key, as they stand: that is several times faster than
 * to ask it for each that Redis has. It proves the other side too where Redis has as many fields as were found in it,
 * and got no more meanwhile; they are never taken away.
 *
 * @param compare looks closer at those that differ; false where it gave up.
 */
async function compareFields(
  { redis, db }: Pick<Shop, 'redis' | 'db'>,
  { hash, share = 1, idOf = (field) => field, page }: HashFields,
  check: CheckRecord,
  compare: (ids: string[]) => Promise<boolean>,
): Promise<'compared' | 'gave up' | 'redis may have more'> {
  const sizeBefore = await redis.hlen(hash)
  let found = 0
  let current = (await page('').execute(db)).rows[0]
  while (current) {
    const { last, values } = current
    const fields = current.fields.split('\n')
    // The next page is on its way while Redis answers.
    const [hot, next] = await Promise.all([readLines(redis, hash, fields), page(last).execute(db)])
    const { differing, inRedis } = compareLines(fields, hot, values)
    found += inRedis
    check.count(fields.length - differing.length)
    const ids = [...new Set(differing.map(idOf))]
    for (let first = 0; first < ids.length; first += limits.verifyChunk) {
      if (!(await compare(ids.slice(first, first + limits.verifyChunk)))) return 'gave up'
    }
    current = next.rows[0]
  }
  const size = await redis.hlen(hash)
  // One field is the sentinel.
  return size === sizeBefore && (size - 1) * share === found ? 'compared' : 'redis may have more'
}

/** What fields have, with an end of line between any two, read in parts that do not keep Redis from deciding. */
async function readLines(redis: RedisClient, hash: string, fields: string[]): Promise<string> {
  const parts: Promise<unknown>[] = []
  for (let first = 0; first < fields.length; first += limits.verifyFieldsChunk) {
    parts.push(redis.joinFields(1, hash, ...fields.slice(first, first + limits.verifyFieldsChunk)))
  }
  return (await Promise.all(parts)).join('\n')
}

/** Which fields differ, and how many of them Redis has, as far as that can be told. */
function compareLines(
  fields: string[],
  hot: string,
  persisted: string,
): { differing: string[]; inRedis: number } {
  if (hot === persisted) return { differing: [], inRedis: fields.length }
  const [ofRedis, ofPostgres] = [hot.split('\n'), persisted.split('\n')]
  // One of them is several lines in Redis, so that no line behind it can be told to be whose.
  if (ofRedis.length !== fields.length) return { differing: fields, inRedis: 0 }
  return {
    differing: fields.filter((_, index) => ofRedis[index] !== ofPostgres[index]),
    inRedis: ofRedis.filter((line) => line !== '').length,
  }
}

/**
 * Reads the entities and the end of the outbox in one step of Redis, then the events up to that end, and last the
 * entities and the watermark in one snapshot of Postgres: what is trimmed in between is in that snapshot. To what
 * Postgres says it adds the effects of the events that lie between the watermark and the end.
 *
 * @returns what is off, or null where too many events lie between.
 */
async function settle(
  { redis, db, shop }: Shop,
  mirror: Mirror,
  ids: string[],
): Promise<Discrepancy[] | null> {
  for (let attempt = 0; attempt < limits.verifyAttemptsMax; attempt += 1) {
    if (attempt > 0) await wait(limits.verifyPauseMs)
    const start = await watermarkOf(db, shop)
    const commands = redis.multi()
    const factsOf = mirror.hot.read(commands, ids)
    const replies = await run(commands.xinfo('STREAM', shopKey(shop, 'outbox')))
    const { length, lastId } = parseStreamInfo(replies.pop())
    if (length > limits.verifyTailEventsMax) continue
    const hot = factsOf(replies)
    const events = await readEvents(redis, shop, start, lastId)

    const { watermark, persisted } = await inSnapshot(db, async (snapshot) => ({
      watermark: await watermarkOf(snapshot, shop),
      persisted: await readPersisted(snapshot, mirror, ids),
    }))
    // Postgres has moved beyond what Redis was when it was read: look again. Where it was beyond Redis even before,
    // Redis has lost events, and what differs is off.
    const end = eventIdOf(lastId)
    if (eventIdOf(watermark) > end && eventIdOf(start) <= end) continue

    for (const id of ids) {
      if (!persisted.has(id)) persisted.set(id, { ...mirror.absent })
    }
    for (const event of events) {
      if (eventIdOf(event.id) <= eventIdOf(watermark)) continue
      mirror.apply(event, persisted)
    }
    return ids.flatMap((id, index) =>
      differences(mirror, id, hot[index] ?? null, persisted.get(id) ?? mirror.absent),
    )
  }
  return null
}

function differences(
  mirror: Mirror,
  id: string,
  hot: Facts | null,
  expected: Facts,
): Discrepancy[] {
  if (hot === null && mirror.mayBeGone?.(expected)) return []
  const actual = hot ?? mirror.absent
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    .filter((fact) => textOf(actual[fact]) !== textOf(expected[fact]))
    .map((fact) => ({
      row: mirror.nameOf(id),
      fact: `${fact} in Redis`,
      actual: textOf(actual[fact]),
      expected: textOf(expected[fact]),
    }))
}

function textOf(value: Facts[string] | undefined): string | null {
  return value === undefined ? null : String(value)
}

async function readHot(
  commands: ChainableCommander,
  mirror: Mirror,
  ids: string[],
): Promise<(Facts | null)[]> {
  const factsOf = mirror.hot.read(commands, ids)
  return factsOf(await run(commands))
}

async function readPersisted(
  db: Database,
  mirror: Mirror,
  ids: string[],
): Promise<Map<string, Facts>> {
  const { keyOf } = mirror.persisted
  const keys = keyOf ? [...new Set(ids.map(keyOf))] : ids
  const { rows } = await mirror.persisted.rows(keys).execute(db)
  const wanted = new Set(ids)
  return new Map(rows.filter(({ id }) => wanted.has(id)).map(({ id, facts }) => [id, facts]))
}

/** The ids of all entities that Postgres has, page by page. */
async function* persistedIds(db: Database, mirror: Mirror): AsyncGenerator<string[]> {
  let after = ''
  while (true) {
    const page = await mirror.persisted.keys(after).execute(db)
    const keys = page.rows.map(({ key }) => key)
    const last = keys.at(-1)
    if (last === undefined) return
    if (mirror.persisted.keyOf) {
      const { rows } = await mirror.persisted.rows(keys).execute(db)
      if (rows.length > 0) yield rows.map(({ id }) => id)
    } else {
      yield keys
    }
    after = last
  }
}
