import type { ProductUpdate } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, refused } from './replies.ts'

/** What changes; null takes a text away. */
export type ProductChanges = {
  name?: string | undefined
  brand?: string | null | undefined
  description?: string | null | undefined
  status?: ProductUpdate['status'] | undefined
}

/** Changes a product. What is sold from now on is sold as it then is; orders keep what they were. */
export async function updateProduct(
  engine: Engine,
  command: { shop: string; productId: string; changes: ProductChanges },
): Promise<Outcome<null, 'product_not_found'>> {
  const reply = await engine.decide(command.shop, 'update-product', {
    productId: command.productId,
    changes: JSON.stringify(command.changes),
  })
  return reply[0] === 'updated' || reply[0] === 'unchanged'
    ? done(null, { replayed: reply[0] === 'unchanged' })
    : refused(reply, ['product_not_found'])
}
