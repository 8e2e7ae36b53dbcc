import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ChargeRecord, EventData, EventType, OrderRecord } from '../../src/domain/events.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

/** A charge that a decision could have made. */
const charge = (id: string, facts: Partial<ChargeRecord> = {}): ChargeRecord => ({
  id,
  fingerprint: 'f',
  userId: id,
  amount: 5,
  beforeAmount: 0,
  afterAmount: 5,
  at: 1_800_000_000_000,
  ...facts,
})
const chargedUsers = async () =>
  (await shop.rows('balance_history', 'event_id, user_id')).map(({ user_id }) => user_id)
const deadLetters = () => shop.rows('dead_letters', 'stream_id, type, data, error')

describe('the drain and poison', () => {
  const neverEvents: [title: string, fields: string[], error: RegExp][] = [
    ['JSON that is none', ['type', 'balance_charged', 'v', '1', 'data', '{"id":'], /JSON/],
    ['an unknown type', ['type', 'balance_eaten', 'v', '1', 'data', '{}'], /unknown event type/],
    ['a name of every object', ['type', 'toString', 'v', '1', 'data', '{}'], /unknown event type/],
    ['a version that is none', ['type', 'balance_charged', 'v', '0', 'data', '{}'], /version: 0/],
    ['an unknown shape', ['type', 'balance_charged', 'v', '1', 'data', '{"id":"x"}'], /userId/],
    ['fields of something else', ['hello', 'world\0'], /unknown event type/],
  ]
  for (const [title, fields, error] of neverEvents) {
    it(`puts ${title} among the dead letters and brings the rest`, async () => {
      await shop.append('balance_charged', charge('ann'))
      const poison = await shop.appendRaw(...fields)
      await shop.append('balance_charged', charge('bob'))
      expect(await shop.drain()).toEqual({ events: 3, deadLetters: 1, more: false })
      expect(await chargedUsers()).toEqual(['ann', 'bob'])
      expect(await deadLetters()).toEqual([
        {
          stream_id: poison,
          type: fields[0] === 'type' ? fields[1] : '',
          data: fields[5] ?? '',
          error: expect.stringMatching(error),
        },
      ])
      expect(await shop.backlog()).toBe(0)
    })
  }

  const refusedByPostgres: [title: string, data: ChargeRecord, error: RegExp][] = [
    ['breaks a constraint', charge('mallory', { afterAmount: 6 }), /balance_history_check/],
    ['repeats a row', charge('mallory', { id: 'ann' }), /balance_history_id_shop_key/],
    ['holds a NUL', charge('mal\0lory'), /0x00/],
    ['has a name too long for an index', charge(randomBytes(20_000).toString('hex')), /index row/],
  ]
  for (const [title, data, error] of refusedByPostgres) {
    it(`puts an event that ${title} among the dead letters and brings the rest, in order`, async () => {
      await shop.append('balance_charged', charge('ann'))
      for (let index = 0; index < 20; index++) {
        await shop.append('balance_charged', charge(`user-${index}`))
      }
      const poison = await shop.append('balance_charged', data)
      await shop.append('balance_charged', charge('bob'))
      expect(await shop.drain()).toEqual({ events: 23, deadLetters: 1, more: false })
      expect(await chargedUsers()).toEqual([
        'ann',
        ...Array.from({ length: 20 }, (_, index) => `user-${index}`),
        'bob',
      ])
      expect(await deadLetters()).toEqual([
        {
          stream_id: poison,
          type: 'balance_charged',
          data: JSON.stringify(data),
          error: expect.stringMatching(error),
        },
      ])
      expect(await shop.backlog()).toBe(0)
    })
  }

  type Scene = Awaited<ReturnType<typeof openScene>>
  const brokenEvents: [title: string, type: EventType, data: (of: Scene) => object, RegExp][] = [
    [
      'a change of no product',
      'product_updated',
      ({ product }) => ({ ...product, id: 'x' }),
      /missing/,
    ],
    [
      'a change of no option',
      'option_updated',
      ({ option }) => ({ ...option, optionId: 'x' }),
      /missing/,
    ],
    [
      'a price below zero',
      'option_updated',
      ({ option }) => ({ ...option, price: -1 }),
      /too_small/,
    ],
    [
      'a coupon with less than it issued',
      'coupon_updated',
      ({ coupon }) => ({ ...coupon, totalQuantity: 0 }),
      /coupons_check/,
    ],
    [
      'codes of no coupon',
      'codes_added',
      ({ codes }) => ({ ...codes, couponId: 'x', digests: ['new'] }),
      /coupon_id_fkey/,
    ],
    ['a code that is there', 'codes_added', ({ codes }) => codes, /coupon_codes_pkey/],
    [
      'a claim by no code',
      'coupon_claimed',
      ({ claim }) => ({ ...claim, codeDigest: 'x' }),
      /missing/,
    ],
    [
      'an expiry of nothing',
      'coupon_expired',
      () => ({ ...expiry, userCouponId: 'x.1' }),
      /missing/,
    ],
    [
      'a cart with no option',
      'cart_changed',
      () => ({ ...cartLine, optionId: 'x' }),
      /option_id_fkey/,
    ],
    [
      'an order of no option',
      'order_placed',
      ({ order }) => ({ ...order, id: 'y', items: [{ ...order.items[0], optionId: 'x' }] }),
      /product_options: 1 of 1 are missing/,
    ],
    [
      'an order with no user coupon',
      'order_placed',
      ({ order, couponId }) => ({
        ...order,
        id: 'y',
        userCouponId: `${couponId}.9`,
        userCouponStatus: 'USED',
      }),
      /user_coupons: 1 of 1 are missing/,
    ],
    [
      'a payment of no order',
      'order_paid',
      ({ order }) => ({ ...order, id: 'y' }),
      /orders: 1 of 1 are missing/,
    ],
    [
      'a claim of no coupon',
      'coupon_claimed',
      ({ claim }) => ({ ...claim, couponId: 'x', userCouponId: 'x.1', codeDigest: undefined }),
      /coupons: 1 of 1 are missing/,
    ],
    [
      'an adjustment of no option',
      'stock_adjusted',
      () => ({ id: 'a', fingerprint: 'f', optionId: 'x', change: 1, reason: '', stock: 1, at }),
      /product_options: 1 of 1 are missing/,
    ],
    [
      'a year of five digits',
      'coupon_claimed',
      ({ claim }) => ({ ...claim, issuedAt: Date.UTC(10_000, 0), codeDigest: undefined }),
      /too_big/,
    ],
    [
      'a refund of no order',
      'order_refunded',
      ({ refunded }) => ({ ...refunded, id: 'x' }),
      /missing/,
    ],
    [
      'a refund above what was paid',
      'order_refunded',
      ({ refunded }) => ({ ...refunded, refundedAmount: 1_001 }),
      /orders_check/,
    ],
  ]
  const at = 1_800_000_000_000
  const expiry = { couponId: 'x', userId: 'ann', at }
  const cartLine = { userId: 'ann', quantity: 1, at }
  for (const [title, type, broken, error] of brokenEvents) {
    it(`puts ${title} among the dead letters and brings the rest`, async () => {
      const scene = await openScene()
      await shop.append('balance_charged', charge('bob'))
      const poison = await shop.append(type, broken(scene) as EventData<typeof type>)
      await shop.append('balance_charged', charge('cat'))
      expect(await shop.drain()).toEqual({ events: 3, deadLetters: 1, more: false })
      expect(await deadLetters()).toMatchObject([
        { stream_id: poison, type, error: expect.stringMatching(error) },
      ])
      expect((await chargedUsers()).slice(-2)).toEqual(['bob', 'cat'])
    })
  }

  /** A shop with everything that an event may be about, persisted, and events that would be in order. */
  async function openScene() {
    const { id, options } = await shop.product([{ price: 1_000 }])
    const optionId = options[0]?.id as string
    const couponId = await shop.coupon()
    value(await shop.addCodes(couponId, 1))
    value(await shop.claim(couponId, 'ann'))
    // Units on hold, so that a payment has some to take.
    value(await shop.order('ann', { [optionId]: 1 }))
    value(await shop.charge('ann', 1_000))
    const order = value(await shop.order('ann', { [optionId]: 1 }, { pay: true }))
    const events = await shop.events()
    const dataOf = (wanted: EventType) => events.find(({ type }) => type === wanted)?.data
    await shop.drain()
    value(await shop.refund(order.id))
    const refunded = (await shop.events()).at(-1)?.data
    await books.redis.xtrim(`{${shop.shop}}:outbox`, 'MAXLEN', 0)
    await shop.recount()
    return {
      couponId,
      product: { id, name: 'Boots', status: 'ACTIVE', revision: 2, at },
      option: { optionId, productId: id, oldPrice: 1_000, price: 900, at },
      coupon: { ...dataOf('coupon_created'), updatedAt: at },
      codes: dataOf('codes_added'),
      order: events.findLast(({ type }) => type === 'order_placed')?.data as OrderRecord,
      claim: { ...dataOf('coupon_claimed'), userCouponId: `${couponId}.2`, rank: 2 },
      refunded,
    }
  }

  it('keeps what belongs to a dead letter out of the books as well', async () => {
    const optionId = await shop.option({ stock: 10 })
    await shop.drain()
    const order = value(await shop.order('ann', { [optionId]: 1 }))
    const [entry] = await books.redis.xrange(`{${shop.shop}}:outbox`, '-', '+')
    const [id, fields] = entry as [string, string[]]
    await books.redis.xdel(`{${shop.shop}}:outbox`, id)
    await shop.recount()
    const broken = JSON.parse(fields[5] as string)
    await shop.append('order_placed', { ...broken, finalAmount: broken.finalAmount + 1 })
    // Of a process that has not seen the event that is gone now.
    const by = shop.engineWith()
    value(await shop.cancel('ann', order.id, by))
    value(await shop.order('bob', { [optionId]: 3 }, {}, by))
    expect(await shop.drain()).toEqual({ events: 3, deadLetters: 2, more: false })
    expect(await shop.rows('orders', 'user_id')).toEqual([{ user_id: 'bob' }])
    expect(await shop.rows('product_options', 'stock, held, sold')).toEqual([
      { stock: '7', held: '3', sold: '0' },
    ])
    expect((await deadLetters()).map(({ type }) => type)).toEqual([
      'order_placed',
      'order_cancelled',
    ])
  })

  it('survives a batch of nothing but poison', async () => {
    for (let index = 0; index < 40; index++) {
      await shop.append('balance_charged', charge('mallory', { afterAmount: 6 }))
    }
    expect(await shop.drain()).toEqual({ events: 40, deadLetters: 40, more: false })
    expect(await chargedUsers()).toEqual([])
  })
})
