import { expect } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { codeOf, type Sale } from './sale.ts'

/** Asserts a refusal that leaves everything in Redis as it was, but that `shop_closed` closes the shop. */
export async function expectRefusal<Refused extends Outcome<unknown, string>>(
  sale: Sale,
  code: string,
  ask: () => Promise<Refused>,
): Promise<Refused> {
  const meta = `{${sale.shop}}:meta`
  const { [meta]: metaBefore, ...before } = await sale.state()
  const outcome = await ask()
  expect(codeOf(outcome)).toBe(code)
  const { [meta]: metaAfter, ...after } = await sale.state()
  expect(after).toEqual(before)
  if (code === 'shop_closed') expect(metaAfter).toMatchObject({ state: 'closed' })
  else expect(metaAfter).toEqual(metaBefore)
  return outcome
}
