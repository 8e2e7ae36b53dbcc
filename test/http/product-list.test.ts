import { describe, expect, it } from 'vitest'
import { createProduct } from '../../src/engine/create-product.ts'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { get, user } = client

/** Puts a product on sale whose name tells its number. */
async function create(number: number, facts: { brand?: string; stock?: number } = {}) {
  const { brand, stock = 1 } = facts
  const product = { name: `P${number}`, status: 'ACTIVE' as const, ...(brand && { brand }) }
  const options = [{ price: 1, stock }]
  await createProduct(client.engine, { shop: client.shop, product: { ...product, options } })
}

/** All pages of the list: the names of each. */
async function pagesOf(query: string): Promise<string[][]> {
  const pages: string[][] = []
  let cursor: string | null = null
  do {
    const path: string = `/v1/products?${query}${cursor === null ? '' : `&cursor=${cursor}`}`
    const { status, body } = await get(path, user('alice'))
    expect(status).toBe(200)
    pages.push(body.items.map(({ name }: { name: string }) => name))
    cursor = body.nextCursor
  } while (cursor !== null)
  return pages
}

describe('GET /v1/products with filters', () => {
  it('lists what has the status and the brand, each once, newest first, on pages of any size', async () => {
    const all = Array.from({ length: 12 }, (_, number) => number)
    for (const number of all) {
      await create(number, { brand: number % 3 === 0 ? 'Stride' : 'Other', stock: number % 2 })
    }
    const named = (matches: (number: number) => boolean) =>
      all.filter(matches).map((number) => `P${number}`)
    for (const limit of [1, 2, 5, 100]) {
      // Products of one millisecond stand in the order of their ids.
      const list = async (query: string) =>
        (await pagesOf(`limit=${limit}&${query}`)).flat().sort(byNumber)
      expect(await list('brand=Stride')).toEqual(named((n) => n % 3 === 0))
      expect(await list('status=OUT_OF_STOCK')).toEqual(named((n) => n % 2 === 0))
      expect(await list('status=ACTIVE&brand=Stride')).toEqual(
        named((n) => n % 3 === 0 && n % 2 === 1),
      )
      expect(await list('status=INACTIVE')).toEqual([])
      expect(await list('brand=stride')).toEqual([])
    }
    const everything = (await pagesOf('limit=100')).flat()
    const inOrder = (await pagesOf('limit=2&brand=Other')).flat()
    expect(inOrder).toEqual(everything.filter((name) => named((n) => n % 3 !== 0).includes(name)))
  })

  it('fills its pages, and does not lead to an empty one behind the last product', async () => {
    const pages = await pagesOf('limit=2&brand=Stride')
    expect(pages.map((names) => names.length)).toEqual([2, 2])
  })

  it('looks at a bounded number of products for one page, and leads on to the rest', async () => {
    const others = Array.from({ length: limits.productsScannedMax }, (_, number) => 100 + number)
    await Promise.all(others.map((number) => create(number)))
    const pages = await pagesOf('limit=100&brand=Stride')
    expect(pages[0]).toEqual([])
    expect(pages.flat()).toHaveLength(4)
    expect(pages).toHaveLength(2)
  })

  it.each(['status=active', 'status=', 'brand=', 'brand=%00', 'cursor=nothing', 'name=P1'])(
    'refuses %s',
    async (query) => {
      const answer = await get(`/v1/products?brand=Stride&${query}`, user('alice'))
      expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(answer.body.errors[0].path).toBe(query.split('=')[0])
    },
  )
})

const byNumber = (a: string, b: string) => Number(a.slice(1)) - Number(b.slice(1))
