import { expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { storesCommandLine } from '../cli/command-line.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import { refusing } from './refusals.ts'

const books = await openBooks()
const { run: stampede } = storesCommandLine(books.databaseUrl)
const run = (...args: string[]) => stampede('dead-letters', ...args)
const noAnn = { table: 'balance_history', allowed: "user_id <> 'ann'" }

it('lists, shows, retries and drops', async () => {
  const shop = await books.openShop()
  const flags = ['--shop', shop.shop]
  const [first = '', second = ''] = await refusing({ books, shop }, noAnn, async () => {
    value(await shop.charge('ann', 5))
    value(await shop.charge('ann', 7))
  })
  const list = await run('list', '--limit', '1', ...flags)
  expect(list).toMatchObject({ code: 0, stderr: '' })
  expect(list.stdout).toMatch(
    new RegExp(
      `^${first} +OPEN +balance_charged +0 tries +error: .*of_somebody.*\nMore: --cursor \\w+\n$`,
    ),
  )
  const shown = await run('show', second, ...flags)
  expect(shown.stdout).toContain(`event    ${second}, balance_charged, version 1\nstatus   OPEN\n`)
  expect(shown.stdout).toMatch(/\ndata {5}\{.*"userId":"ann".*\}\n$/)

  expect(await run('drop', second, '--reason', 'A test account', ...flags)).toMatchObject({
    ...{ code: 0, stdout: `${second}    dropped: A test account\n` },
  })
  const tried = await run('retry', first, second, '--json', ...flags)
  expect(tried).toMatchObject({ code: 1, stderr: '' })
  expect(JSON.parse(tried.stdout)).toEqual({
    results: [
      { id: first, result: 'applied' },
      { id: second, result: 'dropped' },
    ],
    more: false,
  })
  expect(await run('retry', '--all', ...flags)).toMatchObject({
    ...{ code: 0, stdout: `The shop ${shop.shop} has no open dead letter.\n` },
  })
  const dropped = JSON.parse((await run('list', '--status', 'DROPPED', '--json', ...flags)).stdout)
  expect(dropped).toMatchObject({ items: [{ id: second }], nextCursor: null })
}, 90_000)

it('retries all, also where they are more than one batch', async () => {
  const shop = await books.openShop()
  const count = limits.drainEventsMax + 5
  const ids = await refusing({ books, shop }, noAnn, () =>
    Promise.all(Array.from({ length: count }, () => shop.charge('ann', 1))),
  )
  expect(ids).toHaveLength(count)
  const { code, stdout, stderr } = await run('retry', '--all', '--json', '--shop', shop.shop)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { results, more } = JSON.parse(stdout) as { results: { result: string }[]; more: boolean }
  expect(results.filter(({ result }) => result === 'applied')).toHaveLength(count)
  expect(more).toBe(false)
  expect(await shop.rows('dead_letters')).toEqual([])
}, 90_000)

it.each([
  [['retry'], 2, /^name events, or --all; see: stampede dead-letters retry --help\n$/],
  [['retry', '1-0', '--all'], 2, /^name events, or --all/],
  [['drop', '1-0'], 2, /--reason <text>' not specified/],
  [['drop', '1-0', '--reason', 'x'.repeat(201)], 2, /200 characters/],
  [['show', 'x'], 2, /'x' is invalid .* It must be the id of an event/],
  [['retry', 'x'], 2, /'x' is invalid .* It must be the id of an event/],
  [['show', '1-0'], 1, /has no dead letter 1-0/],
  [['list', '--limit', '0'], 2, /1 to/],
  [['list', '--status', 'LOST'], 2, /OPEN, STALE, DROPPED/],
  [['list', '--cursor', 'x'], 2, /not a cursor/],
  [['list', '--nonsense'], 2, /unknown option '--nonsense'/],
])('says in words what is wrong with %j', async (args, expected, words) => {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  expect(stderr).toMatch(words)
})
