import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { type Room, readRooms } from '../waiting-room/rooms.ts'
import { openGenerations } from './generations.ts'

/** The waiting rooms as one process knows them. */
export type KnownRooms = {
  /** The room before something. It is a promise only where the process has not looked at the shop yet. */
  find(shop: string, name: string): Room | undefined | Promise<Room | undefined>
  /** Whether the shop has any room. */
  hasAny(shop: string): boolean | Promise<boolean>
  /** Looks again at once: this process has changed a room. */
  forget(shop: string): void
}

type Rooms = Map<string, Room>
type Copy = { rooms: Rooms | Promise<Rooms>; readAtMs: number }

const noRooms: Rooms = new Map()

/**
 * Opens the memory of one process. A request never waits for a room but the first ones of a shop: what is known is
 * used, and looked at again beside it. A room that is not known, because Redis does not answer, stands before nothing.
 */
export function openKnownRooms(redis: RedisClient): KnownRooms {
  const copies = openGenerations<Copy | null>(limits.roomShopsMax)

  /** Reads the rooms once for all who ask meanwhile; they get what was known before, or wait where nothing was. */
  function read(shop: string, known: Rooms | undefined): Rooms | Promise<Rooms> {
    const copy: Copy = { rooms: noRooms, readAtMs: performance.now() }
    const reading = readRooms(redis, shop)
      .catch(() => known ?? noRooms)
      .then((rooms) => {
        copy.rooms = rooms
        return rooms
      })
    copy.rooms = known ?? reading
    copies.set(shop, copy)
    return copy.rooms
  }

  function roomsOf(shop: string): Rooms | Promise<Rooms> {
    const copy = copies.get(shop)
    if (!copy) return read(shop, undefined)
    const isOld = performance.now() - copy.readAtMs > limits.roomCopyMs
    return isOld && !(copy.rooms instanceof Promise) ? read(shop, copy.rooms) : copy.rooms
  }

  return {
    find(shop, name) {
      const rooms = roomsOf(shop)
      return rooms instanceof Promise ? rooms.then((all) => all.get(name)) : rooms.get(name)
    },
    hasAny(shop) {
      const rooms = roomsOf(shop)
      return rooms instanceof Promise ? rooms.then((all) => all.size > 0) : rooms.size > 0
    },
    forget: (shop) => copies.set(shop, null),
  }
}
