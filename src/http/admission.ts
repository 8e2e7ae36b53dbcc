import type { Context } from 'hono'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { leaveRoom } from '../waiting-room/enter.ts'
import { endOfPass } from '../waiting-room/pass.ts'
import type { Room } from '../waiting-room/rooms.ts'
import { type Environment, headerOf } from './environment.ts'
import type { KnownRooms } from './known-rooms.ts'

/** Keeps those out who have to wait. It only stands before decisions, which refuse and limit whoever comes through. */
export type Admission = {
  /**
   * Whether the caller may go on to all of these: no room is before them, or he has a pass. A pass that has ended lets
   * a request through that repeats one which was accepted, so that it gets its answer.
   */
  isOpen(
    c: Context<Environment>,
    names: readonly string[],
    isRepeated: () => Promise<boolean>,
  ): true | Promise<boolean>
  /** Ends the passes of a caller who has got what he came for. */
  leave(c: Context<Environment>, names: readonly string[]): void
}

export function openAdmission(redis: RedisClient, rooms: KnownRooms): Admission {
  async function isAdmitted(
    c: Context<Environment>,
    found: [name: string, room: Room][],
    isRepeated: () => Promise<boolean>,
  ): Promise<boolean> {
    const { userId } = c.get('caller')
    const passes = passesOf(c)
    const ends = found.map(([target, { secret }]) =>
      Math.max(...passes.map((pass) => endOfPass(secret, pass, { target, userId }) ?? 0), 0),
    )
    const end = Math.min(...ends)
    if (end > Date.now()) return true
    return end > 0 && isRepeated()
  }

  return {
    isOpen(c, names, isRepeated) {
      const shop = c.get('shop')
      const looks = names.map((name) => rooms.find(shop, name))
      // Where there is no room, nothing is waited for: that is a request of almost every sale.
      if (looks.every((look) => look === undefined)) return true
      return Promise.all(looks).then((all) => {
        const found = names.flatMap((name, index): [string, Room][] => {
          const room = all[index]
          return room ? [[name, room]] : []
        })
        return found.length === 0 || isAdmitted(c, found, isRepeated)
      })
    },
    leave(c, names) {
      const { shop, userId } = c.get('caller')
      for (const name of names) {
        const room = rooms.find(shop, name)
        if (room !== undefined) leaveRoom(redis, shop, name, userId)
      }
    },
  }
}

function passesOf(c: Context<Environment>): string[] {
  const header = headerOf(c, 'x-admission') ?? ''
  return header.length > limits.passesLengthMax ? [] : header.split(/, */)
}
