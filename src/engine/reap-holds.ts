import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'

/**
 * Expires pending orders whose deadline has passed, as many as one decision may.
 *
 * @returns how many, and whether more may be left. A closed shop or a full backlog has none to reap now.
 */
export async function reapHolds(
  engine: Engine,
  command: { shop: string },
): Promise<{ reaped: number; more: boolean }> {
  const [status, reaped, more] = await engine.decide(command.shop, 'reap-holds', {})
  if (status !== 'reaped') return { reaped: 0, more: false }
  return { reaped: Number(reaped), more: more === 1 }
}

/**
 * Expires what has lapsed, in as many decisions as one sweep may make. What it leaves is for the next.
 *
 * @returns how many orders expired.
 */
export async function reapAllHolds(engine: Engine, command: { shop: string }): Promise<number> {
  let total = 0
  for (let round = 0; round < limits.sweepRoundsMax; round++) {
    const { reaped, more } = await reapHolds(engine, command)
    total += reaped
    if (!more) break
  }
  return total
}
