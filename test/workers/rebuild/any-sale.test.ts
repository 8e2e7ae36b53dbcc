import fc from 'fast-check'
import { expect, it } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { prepareSale, saleStep, takeStep } from '../any-sale.ts'
import { openBooks } from '../books.ts'
import { hotContent, loadBeside } from './loaded.ts'

const books = await openBooks()

it('is loaded from Postgres exactly as it was, after any sequence of decisions', async () => {
  Object.assign(limits, { rebuildRowsMax: 4, rebuildRecordsMax: 3, rebuildCollectedMax: 5 })
  await fc.assert(
    fc.asyncProperty(fc.array(saleStep, { minLength: 5, maxLength: 50 }), async (steps) => {
      const shop = await books.openShop()
      const place = await prepareSale(shop)
      const ids: string[] = []
      for (const one of steps) await takeStep(shop, place, ids, one)
      expect(await shop.drain()).toMatchObject({ deadLetters: 0, more: false })
      const before = await hotContent(shop)
      expect(await (await loadBeside(books, shop)).content()).toEqual(before)
    }),
    { numRuns: 20 },
  )
}, 60_000)
