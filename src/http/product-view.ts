import { z } from '@hono/zod-openapi'
import type { ProductRecord } from '../domain/events.ts'
import type { HotProduct } from '../engine/reads.ts'
import { sample } from './examples.ts'
import { isoOf, isoTime } from './fields.ts'

/** The statuses of a product. */
export const productStatus = z.enum(['ACTIVE', 'INACTIVE', 'OUT_OF_STOCK'])

/** The shape of an option in an answer. */
export const optionSchema = z.object({
  id: z.string(),
  optionValue: z.string().nullable(),
  price: z.int(),
  stock: z.int().openapi({ description: 'Free units: a hint, the order decides.' }),
  perUserLimit: z.int().nullable(),
  saleStartsAt: isoTime.nullable(),
  saleEndsAt: isoTime.nullable(),
  holdMs: z.int().nullable(),
})

/** The shape of a product in an answer. */
export const productSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    brand: z.string().nullable(),
    description: z.string().nullable(),
    status: productStatus.openapi({
      description: 'OUT_OF_STOCK also where no unit of any option of an active product is free.',
    }),
    createdAt: isoTime,
    options: z.array(optionSchema),
  })
  .openapi('Product')

/** One size of trainers, of which nobody gets more than two. */
export const trainersOption: z.infer<typeof optionSchema> = {
  id: sample.optionId,
  optionValue: 'EU 42',
  price: sample.price,
  stock: 50,
  perUserLimit: 2,
  saleStartsAt: sample.startsAt,
  saleEndsAt: null,
  holdMs: null,
}

export const trainers: z.infer<typeof productSchema> = {
  id: sample.productId,
  name: 'Trainers',
  brand: 'Stride',
  description: 'Light shoes for the road.',
  status: 'ACTIVE',
  createdAt: sample.createdAt,
  options: [trainersOption],
}

/** A new product as its users see it. */
export function newProductView(product: ProductRecord): z.infer<typeof productSchema> {
  const options = product.options.map((option) => ({ ...option, free: option.stock }))
  return productView({ ...product, options })
}

/** A product as its users see it. */
export function productView(
  product: Omit<HotProduct, 'options'> & { options: OptionFacts[] },
): z.infer<typeof productSchema> {
  return {
    id: product.id,
    name: product.name,
    brand: product.brand ?? null,
    description: product.description ?? null,
    status: statusOf(product),
    createdAt: isoOf(product.createdAt),
    options: product.options.map(optionView),
  }
}

type OptionFacts = Omit<HotProduct['options'][number], 'held' | 'sold'>

/** An option as its users see it. */
export function optionView(option: OptionFacts): z.infer<typeof optionSchema> {
  return {
    id: option.id,
    optionValue: option.optionValue ?? null,
    price: option.price,
    stock: option.free,
    perUserLimit: option.perUserLimit ?? null,
    saleStartsAt: isoOf(option.saleStartsAt),
    saleEndsAt: isoOf(option.saleEndsAt),
    holdMs: option.holdMs ?? null,
  }
}

/** What the operator said, unless there is nothing to sell. */
export function statusOf(product: {
  status: HotProduct['status']
  options: { free: number }[]
}): HotProduct['status'] {
  const isSoldOut = product.options.every(({ free }) => free === 0)
  return product.status === 'ACTIVE' && isSoldOut ? 'OUT_OF_STOCK' : product.status
}
