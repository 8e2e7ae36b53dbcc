import type { Audit } from './audit.ts'
import type { Books } from './books.ts'
import type { SalePlan } from './plan.ts'

/** One promise of the engine, with what speaks against it in words; it holds where nothing does. */
export type Check = { name: string; off: string[] }

/** Everything that is compared: the plan, the demo's own books, and what the server says. */
export type Evidence = { plan: SalePlan; books: Books; optionIds: string[]; audit: Audit }

/** Names what differs from what it must be. */
export function unequal(pairs: Record<string, [is: unknown, mustBe: unknown]>): string[] {
  return Object.entries(pairs)
    .filter(([, [is, mustBe]]) => is !== mustBe)
    .map(([name, [is, mustBe]]) => `${name}: ${is}, must be ${mustBe}`)
}
