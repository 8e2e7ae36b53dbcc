import { beforeEach, describe, expect, it } from 'vitest'
import { createProduct, type NewProduct } from '../../src/engine/create-product.ts'
import { listProducts, readProduct } from '../../src/engine/reads.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

const product: NewProduct = {
  name: 'Trainers "2026" \\ 🎉',
  brand: 'Gallop',
  description: 'They run.\nFast.',
  status: 'ACTIVE',
  options: [
    { optionValue: '42', price: 9_900, stock: 5, perUserLimit: 2, holdMs: 5_000 },
    { optionValue: '43', price: 0, stock: 0 },
  ],
}

describe('create-product', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const full = sale.engineWith({ backlogMax: 0 })
    expect(codeOf(await createProduct(full, { shop: sale.shop, product }))).toBe('backlog_full')
    expect(await listProducts(redis, sale.shop, { limit: 10 })).toEqual({
      items: [],
      nextCursor: null,
    })
  })

  it('created: can be read at once, to the letter', async () => {
    const created = value(await createProduct(sale.engine, { shop: sale.shop, product }))
    expect(created).toMatchObject(product)
    expect((await sale.events()).at(-1)).toEqual({ type: 'product_created', data: created })
    const read = await readProduct(redis, sale.shop, created.id)
    expect(read).toMatchObject({
      name: product.name,
      brand: product.brand,
      description: product.description,
      options: [
        { optionValue: '42', price: 9_900, free: 5, held: 0, sold: 0, perUserLimit: 2 },
        { optionValue: '43', price: 0, free: 0 },
      ],
    })
  })

  it('created: is listed newest first, page by page, each once', async () => {
    const created = await Promise.all(
      Array.from({ length: 7 }, () =>
        createProduct(sale.engine, { shop: sale.shop, product }).then(value),
      ),
    )
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listProducts(redis, sale.shop, { limit: 3, cursor })
      seen.push(...(page?.items ?? []).map((item) => item.id))
      cursor = page?.nextCursor ?? undefined
    } while (cursor)
    expect(seen.toSorted()).toEqual(created.map((item) => item.id).toSorted())
    expect(await listProducts(redis, sale.shop, { limit: 3, cursor: 'nothing' })).toBeNull()
  })
})
