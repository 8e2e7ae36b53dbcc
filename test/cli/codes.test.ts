import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { openClient, outcomeOf } from '../../src/client/client.ts'
import { codePattern } from '../../src/domain/codes.ts'
import { freePort } from '../../src/services/processes.ts'
import { engineSettings, program, signToken, startEngine, startProcess } from '../e2e/engine.ts'
import { commandLine } from './command-line.ts'

const port = await freePort()
const settings = engineSettings({ PORT: String(port), SEED_DEMO: 'false' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })
const { run, json, shell } = commandLine(settings)

const create = [
  'coupon',
  'create',
  'Five off',
  '--fixed',
  '500',
  '--quantity',
  '9',
  '--code-required',
]
const { id } = (await commandLine(settings, afterAll).json(...create)).body as { id: string }
const codes = ['coupon', 'codes', id, '--count']

const fileIn = (name: string) => join(settings.DATA_DIR, name)
const linesOf = (text: string) => text.split('\n').slice(0, -1)

describe('stampede coupon codes', () => {
  it('writes thousands of codes to a new file, which all work', async () => {
    const file = fileIn('thousands.csv')
    const made = await json(...codes, '5000', '--out', file)
    expect(made).toEqual({
      code: 0,
      stderr: '',
      body: { couponId: id, asked: 5_000, told: 5_000, file },
    })
    const [heading, ...list] = linesOf(readFileSync(file, 'utf8'))
    expect(heading).toBe('code')
    expect(new Set(list).size).toBe(5_000)
    expect(list.filter((code) => !codePattern.test(code))).toEqual([])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const [user, code] of [
      ['ann', list[0]],
      ['bob', list[4_999]],
    ] as const) {
      const { v1 } = openClient(engine.url, { token: signToken(user) })
      const claim = await outcomeOf(v1.coupons.claims.$post({ json: { code: code as string } }))
      expect(claim).toMatchObject({ ok: true, body: { couponId: id } })
    }
  })

  it('never writes over a file, and makes no code that has no place to go', async () => {
    const file = fileIn('kept.csv')
    writeFileSync(file, 'code\nAN-OLD-CODE\n')
    const { code, stderr } = await run(...codes, '5', '--out', file)
    expect(stderr).toMatch(/^EEXIST: .+kept\.csv'\n$/)
    expect(code).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe('code\nAN-OLD-CODE\n')
  })

  it('leaves no file where the engine refuses', async () => {
    const file = fileIn('refused.csv')
    const refused = await json('coupon', 'codes', 'none', '--count', '5', '--out', file)
    expect(refused).toMatchObject({ code: 1, body: { code: 'coupon_not_found' } })
    const tooMany = await json(...codes, '1000001', '--out', file)
    expect(tooMany).toMatchObject({ code: 1, body: { code: 'invalid_request' } })
    expect(existsSync(file)).toBe(false)
  })

  it('prints them in CSV, or in one object for a machine', async () => {
    const { code, stdout } = await run(...codes, '600')
    expect(code).toBe(0)
    const [heading, ...list] = linesOf(stdout)
    expect(heading).toBe('code')
    expect(list.filter((one) => codePattern.test(one))).toHaveLength(600)
    const told = await json(...codes, '3')
    expect(told).toMatchObject({ code: 0, body: { asked: 3, told: 3 } })
    expect(told.body.codes.every((one: string) => codePattern.test(one))).toBe(true)
  })

  it('is not done where its reader leaves', async () => {
    const { code, stdout, stderr } = await shell(`stampede ${codes.join(' ')} 300000 | head -1`)
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: 'code\n', stderr: '' })
  })

  it('keeps those that were told when it is interrupted', async () => {
    const file = fileIn('interrupted.csv')
    const args = [...codes, '1000000', '--out', file, '--progress']
    const making = startProcess([...program, ...args], settings)
    await making.prints(/^[1-9]\d* of 1000000 codes$/m)
    expect(await making.stop('SIGINT')).toBe(130)
    const [, told] =
      /^(\d+) of 1000000 codes are told, and work: It was interrupted\.$/m.exec(
        making.output.stderr,
      ) ?? []
    const [, ...list] = linesOf(readFileSync(file, 'utf8'))
    expect(list).toHaveLength(Number(told))
    expect(list.filter((code) => !codePattern.test(code))).toEqual([])
  })

  it('hands nothing to a spreadsheet that is no code', async () => {
    const file = fileIn('formula.csv')
    const stranger = createServer((_, response) => {
      response.writeHead(201, { 'content-type': 'text/csv' }).end('code\n=HYPERLINK("http://x")\n')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => {
      stranger.close()
    })
    await new Promise((resolve) => stranger.once('listening', resolve))
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
    const settingsThere = { ...settings, STAMPEDE_URL: url, STAMPEDE_TOKEN: 'any' }
    const { code, stderr } = await commandLine(settingsThere).run(...codes, '1', '--out', file)
    expect(stderr).toBe(
      '0 of 1 codes are told, and work: the answer holds something else than codes\n',
    )
    expect(code).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe('code\n')
  })

  it('says how many work where the disk does not keep them, also to a machine', async () => {
    const file = fileIn('lost.csv')
    writeFileSync(fileIn('probe'), '')
    const full = `
      import { open } from 'node:fs/promises'
      const handle = await open('${fileIn('probe')}')
      Object.getPrototypeOf(handle).sync = async () => { throw new Error('ENOSPC: no space left') }
      await handle.close()`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(full)}`
    const there = commandLine({ ...settings, NODE_OPTIONS })
    const { code, body, stderr } = await there.json(...codes, '5', '--out', file)
    expect(stderr).toBe('5 of 5 codes are told, and work: ENOSPC: no space left\n')
    expect(body).toEqual({
      ...{ code: 'failed', detail: 'ENOSPC: no space left' },
      ...{ couponId: id, asked: 5, told: 5, file },
    })
    expect(code).toBe(1)
  })
})
