import type { RedisClient } from '../redis/client.ts'
import { countOf, readFields } from './reads.ts'
import { fromRecord } from './replies.ts'

/** One line of a cart with its option as it is now. Amounts in minor units, times in ms. */
export type CartLine = {
  optionId: string
  productId: string
  productName: string
  optionValue?: string
  status: 'ACTIVE' | 'INACTIVE' | 'OUT_OF_STOCK'
  unitPrice: number
  quantity: number
  /** Free units: a hint, the order decides. */
  stock: number
  saleStartsAt?: number
  saleEndsAt?: number
}

type OptionFacts = Omit<CartLine, 'optionId' | 'unitPrice' | 'quantity' | 'stock'> & {
  price: number
}

/** A user's cart in the order in which its lines came. */
export async function readCart(
  redis: RedisClient,
  shop: string,
  userId: string,
): Promise<CartLine[]> {
  const [cart] = await readFields(redis, shop, 'carts', [userId])
  const lines = parseCart(cart ?? '')
  if (lines.length === 0) return []
  const fields = lines.flatMap(({ optionId }) => [optionId, `${optionId}:free`])
  const values = await readFields(redis, shop, 'options', fields)
  return lines.map(({ optionId, quantity }, index) => {
    const facts = fromRecord<OptionFacts>(values[index * 2] as string)
    return {
      optionId,
      productId: facts.productId,
      productName: facts.productName,
      ...(facts.optionValue !== undefined && { optionValue: facts.optionValue }),
      status: facts.status,
      unitPrice: facts.price,
      quantity,
      stock: countOf(values[index * 2 + 1]),
      ...(facts.saleStartsAt !== undefined && { saleStartsAt: facts.saleStartsAt }),
      ...(facts.saleEndsAt !== undefined && { saleEndsAt: facts.saleEndsAt }),
    }
  })
}

/** Parses a field of the hash `carts`; lua/includes/carts.lua documents and writes the format. */
export function parseCart(field: string): { optionId: string; quantity: number }[] {
  if (!/^(?:\S+=\d+ )*$/.test(field)) throw new Error('A hot cart cannot be read')
  return [...field.matchAll(/(\S+)=(\d+) /g)].map(([, optionId, quantity]) => ({
    optionId: optionId as string,
    quantity: Number(quantity),
  }))
}
