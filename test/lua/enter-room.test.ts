import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { roomKeys } from '../../src/redis/keys.ts'
import { enterRoom, leaveRoom, type Place } from '../../src/waiting-room/enter.ts'
import {
  closeRoom,
  nameOf,
  openRoom,
  type Room,
  type Target,
} from '../../src/waiting-room/rooms.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('enter-room', () => {
  let sale: Sale
  let target: Target
  let room: Room
  let shop: string
  const passMs = limits.roomPassMsDefault

  beforeEach(async () => {
    shop = uniqueShop()
    sale = await openSale(redis, shop)
  })

  const prepareRoom = async (kind: Target['kind'], units: number, admitPerSecond: number) => {
    const id =
      kind === 'coupon'
        ? await sale.coupon({ totalQuantity: units })
        : await sale.option({ stock: units, price: 1 })
    target = { kind, id }
    room = await openRoom(redis, shop, target, { admitPerSecond, passMs })
  }
  const enter = (userId: string) => enterRoom(redis, shop, target, { room, userId })
  const enterAll = async (count: number, prefix = 'user') => {
    const places: Place[] = []
    for (let number = 1; number <= count; number++) places.push(await enter(`${prefix}-${number}`))
    return places
  }
  const statuses = (places: Place[]) => places.map(({ status }) => status)
  /** Lets time pass for the room: what it remembers becomes so much older. */
  const pass = async (ms: number) => {
    const [places, turns, passes] = roomKeys(shop, nameOf(target))
    await redis.hincrbyfloat(places, '#at', -ms)
    for (const key of [turns, passes]) {
      for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, -ms, member)
    }
  }

  it('no_room: before something without a room, or that does not exist', async () => {
    await prepareRoom('coupon', 5, 1)
    target = { kind: 'coupon', id: 'nothing' }
    expect((await enter('ada')).status).toBe('no_room')
    target = { kind: 'option', id: await sale.option() }
    expect((await enter('ada')).status).toBe('no_room')
    await openRoom(redis, shop, target, { admitPerSecond: 1, passMs })
    expect((await enter('ada')).status).toBe('admitted')
    expect(await closeRoom(redis, shop, target)).toBe(true)
    expect((await enter('ada')).status).toBe('no_room')
    expect(await redis.exists(...roomKeys(shop, nameOf(target)))).toBe(0)
  })

  it('sold_out: where nothing is left and nothing comes back by itself', async () => {
    await prepareRoom('coupon', 1, 1)
    value(await sale.claim(target.id, 'early'))
    expect(await enter('late')).toEqual({ status: 'sold_out' })
    await prepareRoom('option', 1, 1)
    value(await sale.order('early', { [target.id]: 1 }))
    // It is held, so there is something to wait for.
    expect(await enter('late')).toMatchObject({ status: 'waiting', isLikely: false })
  })

  it('admitted: in the order of entry, and no faster than the rate', async () => {
    await prepareRoom('coupon', 100, 3)
    const first = await enterAll(8)
    expect(statuses(first)).toEqual([...Array(3).fill('admitted'), ...Array(5).fill('waiting')])
    expect(first.slice(3).map((place) => 'ahead' in place && place.ahead)).toEqual([0, 1, 2, 3, 4])
    await pass(1_000)
    // Who asks first does not come before who came first.
    expect((await enter('user-8')).status).toBe('waiting')
    expect((await enter('user-6')).status).toBe('admitted')
    expect((await enter('user-7')).status).toBe('waiting')
    expect((await enter('user-4')).status).toBe('admitted')
    await pass(3_600)
    expect(statuses(await enterAll(8))).toEqual(Array(8).fill('admitted'))
  })

  it('admitted: once, with the same pass however often a user asks', async () => {
    await prepareRoom('coupon', 100, 1)
    const [first] = await enterAll(1)
    expect(first).toMatchObject({ status: 'admitted' })
    expect(await enter('user-1')).toEqual(first)
    expect(await enter('user-1')).toEqual(first)
  })

  it('admitted: never more than there are units that nobody is admitted for', async () => {
    await prepareRoom('option', 4, 1_000)
    expect(statuses(await enterAll(6))).toEqual([
      ...Array(4).fill('admitted'),
      ...Array(2).fill('waiting'),
    ])
    await pass(1_000)
    expect(await enter('user-5')).toMatchObject({ status: 'waiting', ahead: 0, isLikely: false })

    // One buys: his unit and his pass are gone together.
    await sale.charge('user-1', 1)
    value(await sale.order('user-1', { [target.id]: 1 }, { pay: true }))
    leaveRoom(redis, shop, nameOf(target), 'user-1')
    expect((await enter('user-5')).status).toBe('waiting')
    // One does not come: his pass ends, and the next has his unit.
    await pass(passMs)
    expect((await enter('user-5')).status).toBe('admitted')
  })

  it('admitted: not who let his turn or his pass lapse, before all others', async () => {
    await prepareRoom('coupon', 2, 1_000)
    await enterAll(4)
    await pass(passMs)
    expect((await enter('user-1')).status).toBe('waiting')
    expect((await enter('user-3')).status).toBe('admitted')
    expect((await enter('user-4')).status).toBe('admitted')
    await pass(passMs)
    // Both turns were given to places whose users do not come.
    await enter('user-9')
    await pass(limits.roomTurnMs)
    expect((await enter('user-9')).status).toBe('admitted')
    // Who was one of them has a new place, and one unit is left for it.
    expect((await enter('user-1')).status).toBe('admitted')
  })

  it('waiting: with what is ahead, the time that it takes, and an honest word on the chance', async () => {
    await prepareRoom('coupon', 10, 2)
    await enterAll(2)
    const places = await enterAll(12, 'later')
    expect(places.at(0)).toEqual({ status: 'waiting', ahead: 0, waitMs: 500, isLikely: true })
    expect(places.at(7)).toEqual({ status: 'waiting', ahead: 7, waitMs: 4_000, isLikely: true })
    expect(places.at(8)).toEqual({ status: 'waiting', ahead: 8, waitMs: 4_500, isLikely: false })
  })

  it('waiting: does not make up for a time in which nobody came', async () => {
    await prepareRoom('coupon', 100, 2)
    await enterAll(2)
    await pass(60_000)
    expect(statuses(await enterAll(6, 'late')).filter((it) => it === 'admitted')).toHaveLength(2)
  })

  it('leaves Redis by itself', async () => {
    await prepareRoom('coupon', 1, 1)
    await enterAll(3)
    const [places, , passes] = roomKeys(shop, nameOf(target))
    for (const key of [places, passes]) {
      expect(await redis.pttl(key)).toBeGreaterThan(limits.roomKeptMs - 60_000)
    }
  })
})
