import { beforeEach, describe, expect, it } from 'vitest'
import { readProduct } from '../../src/engine/reads.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('update-product', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  const textOf = (productId: string, revision: number) =>
    redis.hget(shopKey(sale.shop, 'products'), `${productId}:${revision}`)

  it('product_not_found: refuses a product that does not exist', async () => {
    for (const id of ['nothing', '#']) {
      await expectRefusal(sale, 'product_not_found', () => sale.updateProduct(id, { name: 'New' }))
    }
  })

  it('shop_closed: refuses to change some of its options where one was lost', async () => {
    const { id, options } = await sale.product([{}, {}])
    await redis.hdel(shopKey(sale.shop, 'options'), options[1]?.id as string)
    await expectRefusal(sale, 'shop_closed', () => sale.updateProduct(id, { name: 'New' }))
  })

  it('unchanged: writes nothing and tells nobody where it is as asked for', async () => {
    const { id } = await sale.product([{}], { description: 'They run.' })
    const before = await sale.state()
    const same = {
      name: 'Trainers',
      description: 'They run.',
      brand: null,
      status: 'ACTIVE',
    } as const
    expect(await sale.updateProduct(id, same)).toEqual({ ok: true, replayed: true, value: null })
    expect(await sale.state()).toEqual(before)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const { id } = await sale.product([{}])
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.updateProduct(id, { name: 'New' }, full))
  })

  it('updated: changes what it is asked to and leaves the rest', async () => {
    const { id } = await sale.product([{ stock: 4 }], { brand: 'Gallop', description: 'They run.' })
    const before = await readProduct(redis, sale.shop, id)
    await sale.updateProduct(id, { name: 'Sneakers', brand: null })
    const { brand, ...kept } = before ?? {}
    const after = { ...kept, name: 'Sneakers', revision: 2 }
    expect(await readProduct(redis, sale.shop, id)).toEqual(after)
    expect((await sale.events()).at(-1)).toEqual({
      type: 'product_updated',
      data: {
        id,
        name: 'Sneakers',
        description: 'They run.',
        status: 'ACTIVE',
        revision: 2,
        at: expect.any(Number),
      },
    })
  })

  it('updated: takes all options off sale together, and puts them on sale again', async () => {
    const { id, options } = await sale.product([{}, {}])
    const lines = Object.fromEntries(options.map((option) => [option.id, 1]))
    await sale.updateProduct(id, { status: 'INACTIVE' })
    for (const option of options) {
      expect(codeOf(await sale.order('ada', { [option.id]: 1 }))).toBe('product_inactive')
    }
    await sale.updateProduct(id, { status: 'ACTIVE' })
    expect(codeOf(await sale.order('ada', lines))).toBe('ok')
  })

  it('updated: refuses as sold out what its operator says is out of stock, until he says otherwise', async () => {
    const { id, options } = await sale.product([{ stock: 10 }])
    const lines = { [options[0]?.id as string]: 1 }
    await sale.updateProduct(id, { status: 'OUT_OF_STOCK' })
    expect(codeOf(await sale.order('ada', lines))).toBe('sold_out')
    await sale.updateProduct(id, { status: 'ACTIVE' })
    expect(codeOf(await sale.order('ada', lines))).toBe('ok')
  })

  it('updated: keeps the description of every revision, also where there was none', async () => {
    const { id } = await sale.product([{}])
    await sale.updateProduct(id, { description: 'First.' })
    await sale.updateProduct(id, { name: 'Sneakers' })
    await sale.updateProduct(id, { brand: 'Gallop', description: 'Second.' })
    await sale.updateProduct(id, { description: null })
    expect(await Promise.all([1, 2, 3, 4, 5].map((revision) => textOf(id, revision)))).toEqual([
      '',
      'First.',
      'First.',
      'Second.',
      null,
    ])
    expect(await readProduct(redis, sale.shop, id)).toMatchObject({ revision: 5 })
  })

  it('updated: makes no revision of a change of the status', async () => {
    const { id } = await sale.product([{}], { description: 'They run.' })
    await sale.updateProduct(id, { status: 'INACTIVE' })
    expect(await readProduct(redis, sale.shop, id)).toMatchObject({
      status: 'INACTIVE',
      revision: 1,
    })
    expect(await textOf(id, 1)).toBeNull()
  })

  it('updated: counts every change once under 50 changes at once', async () => {
    const { id } = await sale.product([{}])
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, number) =>
        sale.updateProduct(id, { name: `Trainers ${number % 25}` }),
      ),
    )
    for (const outcome of outcomes) value(outcome)
    const revisions = (await sale.events()).slice(1).map(({ data }) => data.revision)
    expect(revisions).toEqual(Array.from({ length: 50 }, (_, number) => number + 2))
  })

  it('updated: gives a product of the time before revisions its first', async () => {
    const { id } = await sale.product([{}], { description: 'They run.' })
    const products = shopKey(sale.shop, 'products')
    const { revision, ...old } = JSON.parse((await redis.hget(products, id)) as string)
    await redis.hset(products, id, JSON.stringify(old))
    await sale.updateProduct(id, { description: 'They fly.' })
    expect(await textOf(id, 1)).toBe('They run.')
    expect(await readProduct(redis, sale.shop, id)).toMatchObject({ revision: 2 })
  })
})
