import { sql } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type Database,
  databaseOf,
  inOneSnapshot,
  inSnapshot,
  keepIndexOrder,
} from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { createDatabase } from '../support/postgres.ts'

const orm = openOrm(await createDatabase())
afterAll(() => orm.close())
const db = databaseOf(orm)

const addShop = (name: string) => sql`insert into shops (shop) values (${name})`.execute(db)
const countShops = async (snapshot: Database) => {
  const { rows } = await sql<{ count: string }>`select count(*) from shops`.execute(snapshot)
  return Number(rows[0]?.count)
}
const takeLong = (snapshot: Database) => sql`select pg_sleep(0.5)`.execute(snapshot)

describe('works on one snapshot', () => {
  it('see the same moment, whatever is written meanwhile', async () => {
    const counts: number[] = []
    const lookTwice = async (snapshot: Database) => {
      counts.push(await countShops(snapshot))
      await addShop(`shop-${counts.length}`)
      counts.push(await countShops(snapshot))
    }
    await inOneSnapshot(db, [lookTwice, lookTwice, lookTwice])
    expect(new Set(counts)).toEqual(new Set([counts[0]]))
    expect(await countShops(db)).toBe((counts[0] as number) + 3)
  })

  it('end their transactions each with its own work, however much longer another takes', async () => {
    const hasOneAnswer = async (snapshot: Database) => {
      await sql`set local idle_in_transaction_session_timeout = 100`.execute(snapshot)
      await countShops(snapshot)
    }
    await inOneSnapshot(db, [hasOneAnswer, async (snapshot) => void (await takeLong(snapshot))])
    await inOneSnapshot(db, [async (snapshot) => void (await takeLong(snapshot)), hasOneAnswer])
  })

  it('have all ended when the first failure is told', async () => {
    let hasEnded = false
    const works = [
      async () => {
        throw new Error('the first')
      },
      async (snapshot: Database) => {
        await takeLong(snapshot)
        hasEnded = true
      },
    ]
    await expect(inOneSnapshot(db, works)).rejects.toThrow('the first')
    expect(hasEnded).toBe(true)
  })
})

describe('reading page by page', () => {
  it('follows the index also where the planner would sort what is left for every page', async () => {
    await sql`create table claims (coupon integer, rank integer, note text, primary key (coupon, rank))`.execute(
      db,
    )
    await sql`insert into claims select n % 20, n, repeat('x', 100) from generate_series(1, 20000) n
      order by md5(n::text)`.execute(db)
    await sql`analyze claims`.execute(db)
    const planOfPage = async (snapshot: Database) => {
      const { rows } = await sql<{ 'QUERY PLAN': string }>`
        explain select * from claims where coupon = 1 and rank > 0 order by rank limit 1000`.execute(
        snapshot,
      )
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    const sorted = await inSnapshot(db, planOfPage)
    const paged = await inSnapshot(db, async (snapshot) => {
      await keepIndexOrder(snapshot)
      return planOfPage(snapshot)
    })
    expect(sorted).toContain('Sort')
    expect(paged).not.toContain('Sort')
    expect(paged).toContain('Index Scan')
  })
})
