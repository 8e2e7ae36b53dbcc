import { beforeEach, describe, expect, it } from 'vitest'
import { codeDigest } from '../../src/domain/codes.ts'
import { addCodes } from '../../src/engine/add-codes.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('add-codes', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  const digestOf = (code: string) => codeDigest(sale.shop, code)
  const stored = (code: string) => redis.hget(shopKey(sale.shop, 'uniqueCodes'), digestOf(code))

  it('coupon_not_found: refuses a coupon that does not exist', async () => {
    const coupon = await sale.coupon()
    for (const id of ['nothing', '#', `${coupon}:used`]) {
      await expectRefusal(sale, 'coupon_not_found', () => sale.addCodes(id, 1))
    }
  })

  it('backlog_full: hands out no code that Postgres could not remember', async () => {
    const coupon = await sale.coupon()
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.addCodes(coupon, 1, full))
  })

  it('added: stores hashes only, and each before its code is handed out', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1_000 })
    const count = 2 * limits.codesPerCommand + 1
    const codes: string[] = []
    for await (const outcome of addCodes(sale.engine, {
      shop: sale.shop,
      couponId: coupon,
      count,
    })) {
      for (const code of value(outcome)) {
        expect(await stored(code)).toBe(coupon)
        codes.push(code)
      }
    }
    expect(new Set(codes).size).toBe(count)
    const kept = JSON.stringify(await sale.state())
    expect(codes.filter((code) => kept.includes(code))).toEqual([])
    const events = (await sale.events()).filter(({ type }) => type === 'codes_added')
    expect(events.map(({ data }) => data.couponId)).toEqual([coupon, coupon, coupon])
    expect(events.flatMap(({ data }) => data.digests)).toEqual(codes.map(digestOf))
  })

  it('added: gives a code 100 random bits and no letter that is taken for another', async () => {
    const codes = value(await sale.addCodes(await sale.coupon(), 100))
    for (const code of codes)
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/)
    // 100 codes have 2,000 characters: every one of the 32 is among them.
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32)
  })

  it('added: leaves a digest as it is that is stored already, claimed or not', async () => {
    const [coupon, other] = [await sale.coupon(), await sale.coupon()]
    const codes = value(await sale.addCodes(coupon, 2))
    await sale.claimByCode(codes[0] as string, 'ada')
    const before = await sale.state()
    const again = codes.map(digestOf)
    const add = (digests: string[]) =>
      sale.engine.decide(sale.shop, 'add-codes', { couponId: other }, digests)
    expect(await add(again)).toEqual(['added', 0])
    expect(await sale.state()).toEqual(before)

    const fresh = digestOf('NEW')
    expect(await add([...again, fresh])).toEqual(['added', 1])
    expect((await sale.events()).at(-1)).toMatchObject({ data: { digests: [fresh] } })
    expect(await stored(codes[1] as string)).toBe(coupon)
  })

  it('added: works in its own shop only', async () => {
    const other = await openSale(redis, uniqueShop())
    const [code] = value(await sale.addCodes(await sale.coupon(), 1))
    await other.coupon()
    expect(codeOf(await other.claimByCode(code as string, 'ada'))).toBe('code_not_found')
    expect(codeDigest(other.shop, code as string)).not.toBe(digestOf(code as string))
  })
})
