import fc from 'fast-check'
import { expect, it } from 'vitest'
import { retryOldest } from '../../src/dead-letters/retry.ts'
import { Unavailable } from '../../src/domain/outcome.ts'
import { verify } from '../../src/verify/verify.ts'
import { prepareSale, saleStep, takeStep } from '../workers/any-sale.ts'
import { openBooks } from '../workers/books.ts'
import { hotContent, loadBeside } from '../workers/rebuild/loaded.ts'
import { openRefusals } from './refusals.ts'

const books = await openBooks()
const refuseSome = await openRefusals(books)

it('gives any dead letters of any sale their rows, as if they had never been refused', async () => {
  let letters = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(saleStep, { minLength: 15, maxLength: 60, size: 'max' }),
      fc.nat(),
      fc.constantFrom(4, 12, 30),
      async (steps, salt, share) => {
        const shop = await books.openShop()
        const place = await prepareSale(shop)
        const ids: string[] = []
        await refuseSome({ salt, share })
        for (const one of steps) {
          // Who asks for an order whose payment is a dead letter is told to ask later.
          await takeStep(shop, place, ids, one).catch((error) => {
            if (!(error instanceof Unavailable)) throw error
          })
        }
        await shop.drain()
        await refuseSome(null)
        letters += (await shop.rows('dead_letters')).length

        const { results, more } = await retryOldest({ ...books, shop: shop.shop })
        expect(results.filter(({ result }) => result !== 'applied')).toEqual([])
        expect(more).toBe(false)
        const { checks } = await verify(books, shop.shop)
        expect(checks.flatMap(({ off }) => off)).toEqual([])
        const before = await hotContent(shop)
        expect(await (await loadBeside(books, shop)).content()).toEqual(before)
      },
    ),
    // More by hand: RUNS=200. A failure is not made shorter: that would take as many sales again.
    { numRuns: Number(process.env.RUNS ?? 20), endOnFailure: true },
  )
  expect(letters).toBeGreaterThan(30)
}, 600_000)
