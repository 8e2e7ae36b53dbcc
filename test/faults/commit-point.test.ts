import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import type { CrashOrder, Moment } from './crashing-drain.ts'

/** 1,000 by hand: CRASHES=1000. */
const crashes = Number(process.env.CRASHES ?? 30)
const moments: Moment[] = ['before the commit', 'with the commit on its way', 'after the commit']

const books = await openBooks()
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a process that is about to drain. */
async function prepare(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'crashing-drain.ts'))
  children.add(child)
  child.once('exit', () => children.delete(child))
  await once(child, 'message')
  return child
}

async function crash(child: ChildProcess, order: CrashOrder): Promise<void> {
  const ended = once(child, 'exit')
  child.send(order)
  expect(await ended, 'how it ended').toEqual([null, 'SIGKILL'])
}

it(
  `persists exactly one row each where a drain is killed at its commit ${crashes} times`,
  async () => {
    const shop = await books.openShop()
    const charges: string[] = []
    const committed: Record<Moment, number> = {
      'before the commit': 0,
      'with the commit on its way': 0,
      'after the commit': 0,
    }
    const { redisUrl, databaseUrl } = books
    const start = await shop.watermark()
    let position = start?.eventId
    let next = prepare()
    for (let number = 0; number < crashes; number++) {
      charges.push(value(await shop.charge('ann', 1)).id)
      const child = await next
      next = prepare()
      const moment = moments[number % moments.length] as Moment
      await crash(child, { redisUrl, databaseUrl, shop: shop.shop, moment })
      const now = (await shop.watermark())?.eventId
      if (now !== position) committed[moment] += 1
      position = now
    }
    await next

    const third = (index: number) => Math.ceil((crashes - index) / moments.length)
    expect(committed['before the commit']).toBe(0)
    expect(committed['with the commit on its way']).toBeGreaterThan(0)
    expect(committed['after the commit']).toBe(third(2))
    await shop.drain()
    const rows = await shop.rows('balance_history', 'id, before_amount, after_amount')
    expect(rows.map(({ id }) => id).sort()).toEqual(charges.sort())
    expect(rows.map(({ after_amount }) => Number(after_amount)).sort((a, b) => a - b)).toEqual(
      charges.map((_, index) => index + 1),
    )
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: String(crashes) }])
    expect(await shop.watermark()).toMatchObject({ events: BigInt(crashes) })
    expect(await shop.rows('dead_letters')).toEqual([])
    expect(await shop.backlog()).toBe(0)
  },
  60_000 + crashes * 5_000,
)
