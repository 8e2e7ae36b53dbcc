import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../src/services/processes.ts'
import { engineSettings, signToken, startEngine } from '../e2e/engine.ts'
import { commandLine } from './command-line.ts'

const port = await freePort()
const settings = engineSettings({ PORT: String(port), SEED_DEMO: 'false' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })
const { run, json } = commandLine(settings)

const product = await commandLine(settings, afterAll).json(
  'product',
  'create',
  'Socks',
  '--option',
  ':500:3',
)
const [option] = product.body.options

describe('what the engine refuses', () => {
  it.each([
    { args: ['product', 'show', 'none'], code: 'product_not_found' },
    { args: ['product', 'pause', 'none'], code: 'product_not_found' },
    { args: ['product', 'resume', 'none'], code: 'product_not_found' },
    { args: ['product', 'set-price', 'none', '5'], code: 'option_not_found' },
    { args: ['product', 'restock', 'none', '5', '--reason', 'a'], code: 'option_not_found' },
    { args: ['product', 'restock', option.id, '-9', '--reason', 'a'], code: 'insufficient_stock' },
    { args: ['product', 'list', '--limit', '1000'], code: 'invalid_request' },
    { args: ['coupon', 'list', '--status', 'LOST'], code: 'invalid_request' },
    { args: ['coupon', 'show', 'none'], code: 'coupon_not_found' },
    { args: ['coupon', 'set-quantity', 'none', '5'], code: 'coupon_not_found' },
    { args: ['coupon', 'end', 'none'], code: 'coupon_not_found' },
    { args: ['coupon', 'codes', 'none', '--count', '5'], code: 'coupon_not_found' },
    { args: ['user', 'show', 'nobody'], code: 'user_not_found' },
    { args: ['order', 'show', 'none'], code: 'order_not_found' },
  ])('has one line with the code, and for a machine the problem: $args', async ({ args, code }) => {
    const told = await json(...args)
    expect(told).toMatchObject({ code: 1, body: { code, requestId: expect.any(String) } })
    expect(told.stderr).toMatch(new RegExp(`^${code}: .+\\n$`))
  })

  it('names the fields that are wrong', async () => {
    const { code, stdout, stderr } = await run(
      'product',
      'create',
      'Socks',
      '--option',
      ':5:9999999999',
    )
    expect(stderr).toMatch(/^invalid_request: .+options\.0\.stock: .+\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })
})

describe('an engine that does not start', () => {
  it('tells a machine why, in one object', async () => {
    const { code, body, stderr } = await commandLine(engineSettings({ PORT: String(port) })).json(
      'start',
    )
    expect(body).toEqual({ code: 'failed', detail: expect.stringMatching(/^Port \d+ .* in use/) })
    expect({ code, stderr }).toEqual({ code: 1, stderr: `${body.detail}\n` })
  })
})

describe('what is no command', () => {
  it('ends with 2 and one line that leads to the help', async () => {
    expect(await run('product', 'show', 'one', '--jsn')).toEqual({
      code: 2,
      stdout: '',
      stderr: "unknown option '--jsn' (Did you mean --json?); see: stampede product show --help\n",
    })
    const told = await json('product', 'show')
    expect(told).toMatchObject({ code: 2, body: { code: 'wrong_usage' } })
    expect(told.body.detail).toBe(told.stderr.trim())
  })

  it('is a group alone, which shows its help', async () => {
    const { code, stdout, stderr } = await run('product')
    expect(stderr).toMatch(/^Usage: stampede product /)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('another engine', () => {
  const elsewhere = engineSettings({}, afterAll)

  it('is asked with the token of its admin, by the environment or by flags', async () => {
    const token = signToken('boss', 'admin')
    const remote = commandLine({ ...elsewhere, STAMPEDE_URL: engine.url, STAMPEDE_TOKEN: token })
    expect(await remote.json('product', 'show', product.body.id)).toMatchObject({ code: 0 })
    const flags = ['--url', engine.url, '--token', token]
    const local = commandLine(elsewhere)
    expect(await local.json('coupon', 'list', ...flags)).toMatchObject({ code: 0 })
    const shops = await local.run('coupon', 'list', ...flags, '--shop', 'outlet')
    expect(shops).toMatchObject({ code: 2, stdout: '' })
  })

  it('refuses who is no admin', async () => {
    const remote = { ...elsewhere, STAMPEDE_URL: engine.url }
    const user = commandLine({ ...remote, STAMPEDE_TOKEN: signToken('ann') })
    expect(await user.json('coupon', 'list')).toMatchObject({
      code: 1,
      body: { code: 'forbidden' },
    })
    const stranger = commandLine({ ...remote, STAMPEDE_TOKEN: 'made up' })
    expect(await stranger.run('coupon', 'list')).toMatchObject({
      code: 1,
      stderr: 'unauthorized: A valid token is required.\n',
    })
  })

  it('never gets a token that is signed with the secret of this one', async () => {
    const seen: unknown[] = []
    const stranger = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{}')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => stranger.once('listening', resolve))
    onTestFinished(() => {
      stranger.close()
    })
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
    const { code, stderr } = await run('coupon', 'list', '--url', url)
    expect(stderr).toBe(`A token of an admin of ${url} is needed, in STAMPEDE_TOKEN.\n`)
    expect(code).toBe(2)
    expect(seen).toEqual([])
  })
})

describe('without an engine', () => {
  it('says what to do, and leaves no folder behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stampede-cli-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const DATA_DIR = join(folder, 'none')
    const nowhere = { PORT: String(await freePort()), DATA_DIR }
    const told = await commandLine(nowhere).json('product', 'list')
    expect(told).toMatchObject({ code: 1, body: { code: 'failed' } })
    expect(told.stderr).toMatch(/^Nothing answers at http:\S+: npm start first\.\n$/)
    expect(existsSync(DATA_DIR)).toBe(false)
  })

  it('has nothing to put under load', async () => {
    const nowhere = engineSettings({ PORT: String(await freePort()) })
    const { code, stderr } = await commandLine(nowhere).run('load', 'claim')
    expect(stderr).toMatch(/^Nothing answers at http:\S+: npm start first\.\n$/)
    expect(code).toBe(1)
  })
})
