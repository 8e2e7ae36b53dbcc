import { ask } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { roomKeys, roomsKey, shopKey } from '../redis/keys.ts'
import { signPass } from './pass.ts'
import { nameOf, type Room, type Target } from './rooms.ts'

/** Where a user stands. */
export type Place =
  | { status: 'admitted'; pass: string; untilMs: number }
  | {
      status: 'waiting'
      /** Users who came before him and are not admitted yet. */
      ahead: number
      /** The least time that it takes until it is his turn. */
      waitMs: number
      /** Whether units would be left for him if everybody before him took one. */
      isLikely: boolean
    }
  | { status: 'no_room' }
  | { status: 'sold_out' }

type Reply =
  | ['no_room' | 'sold_out']
  | ['admitted', untilMs: number]
  | ['waiting', ahead: number, left: number, spokenFor: number]

/** Gives the user a place before something, or tells him where his place is by now. */
export async function enterRoom(
  redis: RedisClient,
  shop: string,
  target: Target,
  { room, userId }: { room: Room; userId: string },
): Promise<Place> {
  const name = nameOf(target)
  const keys = [
    roomsKey(shop),
    shopKey(shop, target.kind === 'coupon' ? 'coupons' : 'options'),
    ...roomKeys(shop, name),
  ]
  const terms = [limits.roomTurnMs, limits.roomKeptMs, limits.roomMovedMax].map(String)
  const reply = (await ask(redis.enterRoom(keys.length, ...keys, name, userId, ...terms))) as Reply
  switch (reply[0]) {
    case 'admitted': {
      const untilMs = reply[1]
      const pass = signPass(room.secret, { target: name, userId, untilMs })
      return { status: 'admitted', pass, untilMs }
    }
    case 'waiting': {
      const [, ahead, left, spokenFor] = reply
      const waitMs = Math.ceil(((ahead + 1) * 1_000) / room.admitPerSecond)
      return { status: 'waiting', ahead, waitMs, isLikely: ahead < left - spokenFor }
    }
    default:
      return { status: reply[0] }
  }
}

/** Ends the pass of a user who has what he came for; for more he queues again. */
export function leaveRoom(redis: RedisClient, shop: string, name: string, userId: string): void {
  const [places, , passes] = roomKeys(shop, name)
  // Where it fails the pass ends by itself.
  redis
    .multi()
    .zrem(passes, userId)
    .hdel(places, userId)
    .exec()
    .catch(() => {})
}
