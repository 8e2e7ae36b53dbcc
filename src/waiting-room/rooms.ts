import { randomBytes } from 'node:crypto'
import { ask } from '../engine/reads.ts'
import { fromRecord } from '../engine/replies.ts'
import type { RedisClient } from '../redis/client.ts'
import { roomKeys, roomsKey } from '../redis/keys.ts'

/** What a room may stand before. */
export type Target = { kind: 'coupon' | 'option'; id: string }

/** A waiting room, as Redis has it. */
export type Room = {
  /** How many users are let in, while there are units for them. */
  admitPerSecond: number
  /** How long a pass is valid. */
  passMs: number
  openedAt: number
  /** What its passes are signed with. Another room before the same thing takes none of them. */
  secret: string
}

export const nameOf = ({ kind, id }: Target): string => `${kind}:${id}`

/** Opens a room, or changes one; its places and passes stay. */
export async function openRoom(
  redis: RedisClient,
  shop: string,
  target: Target,
  terms: Pick<Room, 'admitPerSecond' | 'passMs'>,
): Promise<Room> {
  const found = await readRoom(redis, shop, target)
  const made = { openedAt: Date.now(), secret: randomBytes(32).toString('base64url') }
  const room: Room = { ...made, ...found, ...terms }
  await ask(redis.hset(roomsKey(shop), nameOf(target), JSON.stringify(room)))
  return room
}

export async function readRoom(
  redis: RedisClient,
  shop: string,
  target: Target,
): Promise<Room | null> {
  const room = await ask(redis.hget(roomsKey(shop), nameOf(target)))
  return room === null ? null : fromRecord<Room>(room)
}

/** All rooms of a shop, by the names of what they stand before. */
export async function readRooms(redis: RedisClient, shop: string): Promise<Map<string, Room>> {
  const found = await ask(redis.hgetall(roomsKey(shop)))
  return new Map(Object.entries(found).map(([name, room]) => [name, fromRecord<Room>(room)]))
}

/** Closes a room: everybody may come, and places are forgotten. Tells whether there was one. */
export async function closeRoom(
  redis: RedisClient,
  shop: string,
  target: Target,
): Promise<boolean> {
  const closing = redis.multi().hdel(roomsKey(shop), nameOf(target))
  const replies = await ask(closing.unlink(...roomKeys(shop, nameOf(target))).exec())
  return replies?.[0]?.[1] === 1
}
