import { expect, it } from 'vitest'
import { storesCommandLine } from '../cli/command-line.ts'
import { openBooks } from '../workers/books.ts'
import { runCleanSale } from './clean-sale.ts'

const books = await openBooks()
const { run } = storesCommandLine(books.databaseUrl)
const runVerify = (...flags: string[]) => run('verify', ...flags)

it('prints a line per check and exits with 0 where the books balance', async () => {
  const { shop } = await runCleanSale(books)
  const { code, stdout } = await runVerify('--shop', shop)
  expect(stdout).toMatch(/^ok {3}hot-state +\d+ facts\nok {3}catalog +\d+ facts\n/)
  expect(stdout).toMatch(/\nThe books balance\. Epoch 1, 0 events on their way to Postgres\.\n$/)
  expect(code).toBe(0)
})

it('names what is off and exits with 1', async () => {
  const sale = await runCleanSale(books)
  await sale.redis.hincrby(sale.key('balances'), 'bob', 5)
  const { code, stdout } = await runVerify('--shop', sale.shop)
  expect(stdout).toMatch(/\nOFF {2}balances +\d+ facts, 1 off\n/)
  expect(stdout).toContain('\n       balance of user bob: amount in Redis: 10005, expected 10000\n')
  expect(code).toBe(1)
})

it('prints one JSON object and nothing else with --json', async () => {
  const sale = await runCleanSale(books)
  await sale.redis.hincrby(sale.key('balances'), 'bob', 5)
  const { code, stdout, stderr } = await runVerify('--shop', sale.shop, '--json')
  expect(JSON.parse(stdout)).toEqual({ ...(await sale.verify()), ok: false })
  expect(stderr).toBe('')
  expect(code).toBe(1)
})

it('says in a line why it could not check', async () => {
  const { code, stdout, stderr } = await runVerify('--nonsense')
  expect(stderr).toBe("unknown option '--nonsense'; see: stampede verify --help\n")
  expect(stdout).toBe('')
  expect(code).toBe(2)
})

it('says that there is no such shop, instead of naming all that it lacks', async () => {
  const { code, stdout, stderr } = await runVerify('--shop', 'nosuch')
  expect(stderr).toMatch(/There is no shop nosuch/)
  expect(stdout).toBe('')
  expect(code).toBe(1)
})
