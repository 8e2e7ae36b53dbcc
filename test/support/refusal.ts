import { expect } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { codeOf, type Sale } from './sale.ts'

/** Asserts a refusal that leaves everything in Redis as it was. */
export async function expectRefusal<Refused extends Outcome<unknown, string>>(
  sale: Sale,
  code: string,
  ask: () => Promise<Refused>,
): Promise<Refused> {
  const before = await sale.state()
  const outcome = await ask()
  expect(codeOf(outcome)).toBe(code)
  expect(await sale.state()).toEqual(before)
  return outcome
}
