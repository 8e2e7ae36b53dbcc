import { beforeEach, describe, expect, it } from 'vitest'
import { ShopClosed } from '../../src/domain/outcome.ts'
import { readDescriptions } from '../../src/engine/product-texts.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('the descriptions of an order', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  const buy = async (...optionIds: string[]) =>
    value(await sale.order('ada', Object.fromEntries(optionIds.map((id) => [id, 1]))))
  const read = ({ items }: Awaited<ReturnType<typeof buy>>) =>
    readDescriptions(redis, sale.shop, items)

  it('are those of the time of its sale, through every later change', async () => {
    const { id, options } = await sale.product([{}], { description: 'First.' })
    const option = options[0]?.id as string
    const orders = [await buy(option)]
    const changes = [
      { name: 'Sneakers' },
      { description: 'Second.' },
      { description: null },
      { brand: 'Gallop', description: '✓ 🎉 "quoted"' },
    ]
    for (const change of changes) {
      await sale.updateProduct(id, change)
      orders.push(await buy(option))
    }
    expect(await Promise.all(orders.map(read))).toEqual([
      ['First.'],
      ['First.'],
      ['Second.'],
      [null],
      ['✓ 🎉 "quoted"'],
    ])
  })

  it('stand in the order of its items', async () => {
    const [described, plain] = [
      await sale.product([{}], { description: 'They run.' }),
      await sale.product([{}]),
    ]
    const options = [plain, described, plain].map(({ options: [one] }) => one?.id as string)
    const order = await buy(...new Set(options))
    expect(await read(order)).toEqual([null, 'They run.'])
    expect(await read({ ...order, items: [...order.items, ...order.items] })).toEqual([
      null,
      'They run.',
      null,
      'They run.',
    ])
  })

  it('of the time before revisions are those of the first', async () => {
    const { id, options } = await sale.product([{}], { description: 'They run.' })
    const order = await buy(options[0]?.id as string)
    const items = order.items.map(({ productRevision, ...item }) => item)
    const old = { ...order, items: items as typeof order.items }
    expect(await read(old)).toEqual(['They run.'])
    await sale.updateProduct(id, { description: 'They fly.' })
    expect(await read(old)).toEqual(['They run.'])
  })

  it('are not made up where one was lost', async () => {
    const { id, options } = await sale.product([{}], { description: 'They run.' })
    const order = await buy(options[0]?.id as string)
    await sale.updateProduct(id, { description: 'They fly.' })
    await redis.hdel(shopKey(sale.shop, 'products'), `${id}:1`)
    await expect(read(order)).rejects.toThrow(ShopClosed)
  })
})
