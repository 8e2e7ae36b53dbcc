import { randomBytes } from 'node:crypto'
import { ask } from '../engine/reads.ts'
import { fromRecord } from '../engine/replies.ts'
import { openGenerations } from '../http/generations.ts'
import { limits } from '../limits.ts'
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

/** The rooms as one process knows them. */
export type KnownRooms = {
  /** The room before something. It is a promise only where the process has not looked at the shop yet. */
  find(shop: string, name: string): Room | undefined | Promise<Room | undefined>
  /** Whether the shop has any room. */
  hasAny(shop: string): boolean | Promise<boolean>
  /** Looks again at once: this process has changed a room. */
  forget(shop: string): void
}

type Copy = { rooms: Map<string, Room>; readAtMs: number; isReading: boolean }

/**
 * Opens the memory of one process. A request never waits for a room but the first of a shop: what is known is used, and
 * looked at again beside it. A room that is not known, because Redis does not answer, stands before nothing.
 */
export function openKnownRooms(redis: RedisClient): KnownRooms {
  const copies = openGenerations<Copy | null>(limits.roomShopsMax)

  async function read(shop: string): Promise<Copy> {
    const before = copies.get(shop)
    if (before) before.isReading = true
    const found = await redis.hgetall(roomsKey(shop)).catch(() => null)
    const rooms = found
      ? new Map(Object.entries(found).map(([name, room]) => [name, fromRecord<Room>(room)]))
      : (before?.rooms ?? new Map<string, Room>())
    const copy = { rooms, readAtMs: performance.now(), isReading: false }
    copies.set(shop, copy)
    return copy
  }

  /** What is known of a shop, whatever its age. */
  function copyOf(shop: string): Copy | Promise<Copy> {
    const copy = copies.get(shop)
    if (!copy) return read(shop)
    const isOld = performance.now() - copy.readAtMs > limits.roomCopyMs
    if (isOld && !copy.isReading) void read(shop)
    return copy
  }

  return {
    find(shop, name) {
      const copy = copyOf(shop)
      return copy instanceof Promise
        ? copy.then(({ rooms }) => rooms.get(name))
        : copy.rooms.get(name)
    },
    hasAny(shop) {
      const copy = copyOf(shop)
      return copy instanceof Promise
        ? copy.then(({ rooms }) => rooms.size > 0)
        : copy.rooms.size > 0
    },
    forget: (shop) => copies.set(shop, null),
  }
}
