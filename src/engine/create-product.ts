import type { ProductRecord } from '../domain/events.ts'
import { newId } from '../domain/ids.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

export type NewProduct = Omit<ProductRecord, 'id' | 'createdAt' | 'revision' | 'options'> & {
  options: Omit<ProductRecord['options'][number], 'id'>[]
}

/** Puts a product with its options on sale. */
export async function createProduct(
  engine: Engine,
  command: { shop: string; product: NewProduct },
): Promise<Outcome<ProductRecord, never>> {
  const product = JSON.stringify({
    ...command.product,
    id: newId(),
    options: command.product.options.map((option) => ({ ...option, id: newId() })),
  })
  const reply = await engine.decide(command.shop, 'create-product', { product })
  return reply[0] === 'created' ? done(fromRecord<ProductRecord>(reply[1])) : refused(reply, [])
}
