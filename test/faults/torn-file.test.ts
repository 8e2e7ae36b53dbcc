import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { seededRandom } from '../../src/demo/random.ts'
import { temporaryFolder } from '../services/folder.ts'
import { openSale, type Sale, value } from '../support/sale.ts'
import { openPrivateRedis } from './private-redis.ts'

/** `TORN_CUTS=all` cuts at every byte, which takes a quarter of an hour; else that many bytes are drawn by the seed. */
const { TORN_CUTS = '6', SEED = '1' } = process.env

const shops = ['one', 'other']

/** A folder's Redis with two shops that have all that an order with coupon and payment needs. */
async function prepare(folder: string) {
  const server = await openPrivateRedis(folder)
  for (const shop of shops) {
    const sale = await openSale(server.redis, shop)
    const [optionId, couponId] = [await sale.option(), await sale.coupon()]
    for (const userId of ['alice', 'bob', 'carol', 'late']) {
      await sale.charge(userId, 10_000)
      await sale.claim(couponId, userId)
    }
    await server.redis.hset('test', shop, JSON.stringify({ optionId, couponId }))
  }
  await server.stop()
}

type Facts = { optionId: string; couponId: string }

async function factsOf(sale: Sale): Promise<Facts> {
  return JSON.parse((await sale.redis.hget('test', sale.shop)) as string)
}

/** One more order with coupon and payment. Several that are asked for in one turn are decided in one batch. */
async function buy(sale: Sale, userId: string, facts: Facts) {
  const rank = ['alice', 'bob', 'carol', 'late'].indexOf(userId) + 1
  const userCouponId = `${facts.couponId}.${rank}`
  value(await sale.order(userId, { [facts.optionId]: 1 }, { pay: true, userCouponId }))
}

/** The newest append-only file, and what it holds. */
function readAppendOnlyFile(folder: string) {
  const files = join(folder, 'redis', 'appendonlydir')
  const name = readdirSync(files).find((file) => file.endsWith('.incr.aof')) as string
  return { path: join(files, name), content: readFileSync(join(files, name)) }
}

/**
 * The byte counts to keep of the last write: every one; or those around where the named commands begin, and some more.
 */
function cutsOf(content: Buffer, from: number, commands: string): number[] {
  const all = Array.from({ length: content.length - from + 1 }, (_, offset) => from + offset)
  if (TORN_CUTS === 'all') return all
  const begin = new RegExp(`\\*\\d+\r\n\\$\\d+\r\n(${commands})\r\n`, 'g')
  const starts = [...content.toString('latin1').matchAll(begin)].map(({ index }) => index)
  const near = [...starts, content.length].flatMap((at) => [at - 1, at, at + 1])
  const random = seededRandom(Number(SEED))
  const drawn = Array.from({ length: Number(TORN_CUTS) }, () =>
    random.between(from, content.length),
  )
  const wanted = new Set([...near, ...drawn])
  return all.filter((bytes) => wanted.has(bytes))
}

async function openSales(folder: string) {
  const server = await openPrivateRedis(folder)
  const sales = await Promise.all(shops.map((shop) => openSale(server.redis, shop)))
  return { server, sales }
}

async function statesOf(sales: readonly Sale[]) {
  return Promise.all(sales.map((sale) => sale.state()))
}

type State = Awaited<ReturnType<Sale['state']>>

/**
 * Tears the last write of a file at every cut, and compares the whole hot state with what may be there. Then it makes
 * one more decision and starts Redis again, because what is written behind a torn block is lost only then.
 *
 * @param write makes the last write.
 * @param statesFrom the states of both shops after each block of the last write, the state before it first.
 * @param commands whose beginnings are cut at where not every byte is.
 */
async function tearLastWrite(
  write: (sales: readonly Sale[]) => Promise<unknown>,
  statesFrom: (before: State[], after: State[]) => State[][],
  commands: string,
) {
  const folder = temporaryFolder()
  await prepare(folder)
  const start = readAppendOnlyFile(folder).content.length
  let { server, sales } = await openSales(folder)
  const before = await statesOf(sales)
  await write(sales)
  const states = statesFrom(before, await statesOf(sales))
  await server.stop()
  const { path, content } = readAppendOnlyFile(folder)
  const blockEnds = [...content.toString('latin1').matchAll(/\*1\r\n\$4\r\nEXEC\r\n/g)]
    .map((match) => match.index + match[0].length)
    .filter((end) => end > start)
  expect(blockEnds).toHaveLength(states.length - 1)

  for (const keptBytes of cutsOf(content, start, commands)) {
    writeFileSync(path, content.subarray(0, keptBytes))
    ;({ server, sales } = await openSales(folder))
    const wholeBlocks = blockEnds.filter((end) => end <= keptBytes).length
    expect(await statesOf(sales), `cut at ${keptBytes}`).toEqual(states[wholeBlocks])
    const [first] = sales as [Sale]
    await buy(first, 'late', await factsOf(first))
    const later = await statesOf(sales)
    await server.stop()

    ;({ server, sales } = await openSales(folder))
    expect(await statesOf(sales), `second start after a cut at ${keptBytes}`).toEqual(later)
    await server.stop()
  }
}

type Tear = Parameters<typeof tearLastWrite>

it.each<[what: string, ...Tear]>([
  [
    'a whole decision or none of it',
    async ([one]) => buy(one as Sale, 'alice', await factsOf(one as Sale)),
    (before, after) => [before, after],
    '\\w+',
  ],
  [
    'a whole batch or none of it',
    async ([one]) => {
      const facts = await factsOf(one as Sale)
      await Promise.all(['alice', 'bob', 'carol'].map((user) => buy(one as Sale, user, facts)))
    },
    (before, after) => [before, after],
    'MULTI|EXEC',
  ],
  [
    'the decisions of one shop where those of the next were torn',
    async (sales) => {
      const facts = await Promise.all(sales.map(factsOf))
      await Promise.all(sales.map((sale, index) => buy(sale, 'alice', facts[index] as Facts)))
    },
    (before, after) => [before, [after[0], before[1]] as State[], after],
    'MULTI|EXEC',
  ],
])(
  'keeps %s, wherever the file ends, and all that is written later',
  async (_, write, statesFrom, commands) => tearLastWrite(write, statesFrom, commands),
  TORN_CUTS === 'all' ? 3_600_000 : 120_000,
)

it.each([
  ['bytes that are none of Redis', 'no command'],
  ['a page of zeros, as a file system leaves them', '\0'.repeat(4_096)],
])('cuts off %s', async (_, garbage) => {
  const folder = temporaryFolder()
  await prepare(folder)
  let { server, sales } = await openSales(folder)
  const facts = await factsOf(sales[0] as Sale)
  await buy(sales[0] as Sale, 'alice', facts)
  const before = await statesOf(sales)
  await server.stop()
  appendFileSync(readAppendOnlyFile(folder).path, garbage)

  ;({ server, sales } = await openSales(folder))
  expect(await statesOf(sales)).toEqual(before)
  await buy(sales[0] as Sale, 'late', facts)
  const later = await statesOf(sales)
  await server.stop()
  ;({ server, sales } = await openSales(folder))
  expect(await statesOf(sales)).toEqual(later)
})

/** What must not be served, and what the start says of it. */
const damages: Record<string, [damage: (files: string) => void, says: string]> = {
  'a decision that others follow': [
    (files) => change(files, '.incr.aof', (text) => text.replace('order_placed', 'order-placed\r')),
    'is damaged, and not only at its end',
  ],
  'the base of the file': [
    (files) => change(files, '.base.rdb', (text) => text.slice(0, -5)),
    'is damaged, and not only at its end',
  ],
  'a torn manifest': [
    (files) => change(files, '.manifest', (text) => text.slice(0, -9)),
    'is damaged, and not only at its end',
  ],
  'an empty manifest': [(files) => change(files, '.manifest', () => ''), 'does not name'],
  'a manifest of before the last file': [
    (files) => change(files, '.manifest', (text) => text.replace(/^.*type i\n/m, '')),
    'does not name',
  ],
  'no manifest': [
    (files) => rmSync(join(files, 'appendonly.aof.manifest')),
    'has lost its manifest',
  ],
  'no file of decisions': [
    (files) => rmSync(readAppendOnlyFile(join(files, '../..')).path),
    'is damaged',
  ],
}

function change(files: string, ending: string, by: (text: string) => string): void {
  const path = join(files, readdirSync(files).find((name) => name.endsWith(ending)) as string)
  const text = readFileSync(path, 'latin1')
  expect(by(text)).not.toBe(text)
  writeFileSync(path, by(text), 'latin1')
}

it.each(Object.entries(damages))('refuses %s, and changes nothing', async (_, [damage, says]) => {
  const folder = temporaryFolder()
  await prepare(folder)
  const { server, sales } = await openSales(folder)
  const facts = await factsOf(sales[0] as Sale)
  for (const userId of ['alice', 'bob']) await buy(sales[0] as Sale, userId, facts)
  await server.stop()
  const files = join(folder, 'redis', 'appendonlydir')
  damage(files)
  const contents = () =>
    Object.fromEntries(readdirSync(files).map((name) => [name, readFileSync(join(files, name))]))
  const damagedContents = contents()

  await expect(openPrivateRedis(folder)).rejects.toThrow(says)
  expect(contents()).toEqual(damagedContents)
})

it('removes what a rewrite left that ended with its Redis', async () => {
  const folder = temporaryFolder()
  const { redis, kill, isAlive } = await openPrivateRedis(folder)
  await redis.config('SET', 'rdb-key-save-delay', 1_000_000)
  await redis.mset({ one: 1, two: 2 })
  await redis.bgrewriteaof()
  const unfinished = () =>
    readdirSync(join(folder, 'redis')).filter((name) => name.startsWith('temp-rewriteaof'))
  await vi.waitFor(() => expect(unfinished()).toHaveLength(1))
  kill()
  await vi.waitFor(async () => expect(await isAlive()).toBe(false))
  expect(unfinished()).toHaveLength(1)
  await openPrivateRedis(folder)
  expect(unfinished()).toEqual([])
})
