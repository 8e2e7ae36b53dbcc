import { type Answer, type Call, openClient } from './client.ts'

export type Catalog = {
  /** Of which there are few, so that they sell out and are fought for. */
  scarce: string[]
  plenty: string[]
  /** Claimed by id: one that lasts, and one that runs out. */
  coupons: string[]
  /** The coupon of one code for all, and the one of single-use codes. */
  sharedCode: { couponId: string; code: string }
  singleUse: { couponId: string; codes: string[] }
}

const price = 1_000
const scarceStock = 60
const plentyStock = 1_000_000

/**
 * Puts products, coupons and codes on sale while nothing is broken yet.
 *
 * @throws Error where the engine refuses any of it.
 */
export async function openCatalog(url: URL, token: string): Promise<Catalog> {
  const client = openClient(url)
  async function create(path: string, body: unknown): Promise<Answer['body']> {
    const call: Call = { method: 'POST', path, token, body }
    const { status, body: created } = await client.send(call)
    if (status !== 201) throw new Error(`${path} was answered with ${status} ${created.code}`)
    return created
  }
  const coupon = (name: string, more: object) =>
    create('/v1/coupons', { name, discountType: 'FIXED', discountValue: 150, ...more }).then(
      ({ id }) => String(id),
    )
  try {
    const product = await create('/v1/products', {
      name: 'Trainers',
      options: [
        ...['36', '37'].map((optionValue) => ({ optionValue, price, stock: scarceStock })),
        ...['38', '39', '40'].map((optionValue) => ({ optionValue, price, stock: plentyStock })),
      ],
    })
    const ids = (product.options as { id: string }[]).map(({ id }) => id)
    const many = { totalQuantity: 1_000_000 }
    const tenth = { discountType: 'PERCENTAGE', discountValue: 1_000 }
    const coupons = [
      await coupon('A tenth off', { ...many, ...tenth }),
      await coupon('For the first', { totalQuantity: 200 }),
    ]
    const code = 'WELCOME'
    const shared = await coupon('With a code', { ...many, code, codeRequired: true })
    const single = await coupon('With your own code', { ...many, codeRequired: true })
    const csv = await create(`/v1/coupons/${single}/codes`, { count: 5_000 })
    return {
      scarce: ids.slice(0, 2),
      plenty: ids.slice(2),
      coupons,
      sharedCode: { couponId: shared, code },
      singleUse: { couponId: single, codes: String(csv.text).trimEnd().split(/\r?\n/).slice(1) },
    }
  } finally {
    client.close()
  }
}
