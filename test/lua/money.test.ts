import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { connect } from '../support/redis.ts'

const redis = await connect()
const include = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../lua/includes', `${name}.lua`), 'utf8')
const money = include('money')

const amountMax = limits.priceMax * limits.quantityMax * limits.orderItemsMax
const amount = fc.oneof(
  fc.nat({ max: 10_000 }),
  fc.maxSafeNat().map((n) => n % (amountMax + 1)),
)

/** Evaluates one expression over the include's functions; arguments are decimal texts. */
async function evaluate(source: string, expression: string, ...args: number[]): Promise<string> {
  const script = `${source}\nlocal a, b, c = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    return string.format('%.0f', ${expression})`
  return (await redis.eval(script, 0, ...args)) as string
}

describe('money', () => {
  it('multiplies and divides exactly where doubles would not', async () => {
    await fc.assert(
      fc.asyncProperty(amount, amount, amount, async (a, x, y) => {
        const [b, c] = [Math.min(x, y), Math.max(x, y, 1)]
        const exact = (BigInt(a) * BigInt(b)) / BigInt(c)
        expect(await evaluate(money, 'multiply_divide(a, b, c)', a, b, c)).toBe(String(exact))
      }),
      { numRuns: 500 },
    )
  })

  it('rounds a percentage half up, in basis points', async () => {
    await fc.assert(
      fc.asyncProperty(amount, fc.integer({ min: 1, max: 10_000 }), async (a, points) => {
        const exact = (BigInt(a) * BigInt(points) + 5_000n) / 10_000n
        expect(await evaluate(money, 'percentage_of(a, b)', a, points)).toBe(String(exact))
      }),
      { numRuns: 500 },
    )
    expect(await evaluate(money, 'percentage_of(a, b)', 1_999, 2_500)).toBe('500')
    expect(await evaluate(money, 'percentage_of(a, b)', 10, 500)).toBe('1')
  })

  it('shares a discount so that the shares sum to it and none exceeds its line', async () => {
    const subtotals = fc.array(
      fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: limits.priceMax * limits.quantityMax })),
      { minLength: 1, maxLength: limits.orderItemsMax },
    )
    await fc.assert(
      fc.asyncProperty(
        subtotals,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (lines, part) => {
          const total = lines.reduce((sum, line) => sum + line, 0)
          const discount = Math.floor(total * part)
          const script = `${money}
          local items = {}
          for number, subtotal in ipairs(cjson.decode(ARGV[1])) do items[number] = { subtotal = subtotal } end
          share_discount(items, tonumber(ARGV[2]), tonumber(ARGV[3]))
          local shares = {}
          for number, item in ipairs(items) do shares[number] = item.discountAmount end
          return cjson.encode(shares)`
          const shares = JSON.parse(
            (await redis.eval(script, 0, JSON.stringify(lines), discount, total)) as string,
          ) as number[]
          expect(shares.reduce((sum, share) => sum + share, 0)).toBe(discount)
          for (const [index, share] of shares.entries()) {
            expect(share).toBeGreaterThanOrEqual(0)
            expect(share).toBeLessThanOrEqual(lines[index] as number)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('never discounts more than the coupon’s maximum, nor more than the amount', async () => {
    const discount = (coupon: string, of: number) =>
      evaluate(money, `discount_of(${coupon}, a)`, of)
    const half = `discountType = 'PERCENTAGE', discountValue = 5000`
    expect(await discount(`{ ${half} }`, 999)).toBe('500')
    expect(await discount(`{ ${half}, maxDiscountAmount = 100 }`, 999)).toBe('100')
    expect(await discount(`{ discountType = 'FIXED', discountValue = 500 }`, 300)).toBe('300')
  })
})

describe('calendar', () => {
  it('names the same UTC day as JavaScript, leap days and turns of the year included', async () => {
    const calendar = include('calendar')
    const script = `${calendar}\nreturn utc_day(tonumber(ARGV[1]))`
    const times = fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) })
    await fc.assert(
      fc.asyncProperty(times, async (timeMs) => {
        const day = new Date(timeMs).toISOString().slice(0, 10).replaceAll('-', '')
        expect(await redis.eval(script, 0, timeMs)).toBe(day)
      }),
      { numRuns: 500, examples: [[Date.UTC(2028, 1, 29)], [Date.UTC(2027, 11, 31, 23, 59)]] },
    )
  })
})
