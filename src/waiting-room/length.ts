import type { RedisClient } from '../redis/client.ts'
import { roomKeys } from '../redis/keys.ts'
import { readRooms } from './rooms.ts'

/** How many users wait in all rooms of a shop: those who came and were not admitted yet. */
export async function countWaiting(redis: RedisClient, shop: string): Promise<number> {
  const rooms = [...(await readRooms(redis, shop)).keys()]
  const lengths = rooms.map(async (name) => {
    const [places] = roomKeys(shop, name)
    const [last, admitted] = await redis.hmget(places, '#last', '#admitted')
    return Number(last ?? 0) - Number(admitted ?? 0)
  })
  return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0)
}
