import { createDecoder } from 'fast-jwt'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../src/services/processes.ts'
import { engineSettings, runCommand, startEngine } from './engine.ts'

// As a person does it: with a secret of the folder's own, and one port that all commands know.
const port = await freePort()
const settings = engineSettings({ PORT: String(port), JWT_SECRET: '' }, afterAll)
const engine = await startEngine(settings, { command: ['npm', 'start'], atEnd: afterAll })

function npm(command: string, ...flags: string[]) {
  return runCommand(['npm', 'run', '-s', command, '--', ...flags], settings)
}

async function makeToken(...flags: string[]): Promise<string> {
  const { code, stdout } = await npm('token', ...flags)
  expect(code).toBe(0)
  return stdout.trim()
}

it('npm start says where everything is', () => {
  expect(engine.url).toBe(`http://127.0.0.1:${port}`)
  for (const path of ['/openapi.json', '/livez', '/readyz', '/v1/products']) {
    expect(engine.output.stdout).toContain(`${engine.url}${path}`)
  }
})

it('npm run token prints a token that the engine takes', async () => {
  const token = await makeToken('--sub', 'alice', '--role', 'user', '--ttl', '30m')
  const claims = createDecoder()(token)
  expect(claims).toMatchObject({ sub: 'alice', role: 'user', shop: 'main' })
  expect(claims.exp - claims.iat).toBe(1_800)
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${engine.url}/v1/me/balance`, { headers })
  expect(await answer.json()).toEqual({ balance: 0 })
})

it('npm run token says what is wrong with its flags', async () => {
  const { code, stdout, stderr } = await npm('token', '--sub', 'alice', '--ttl', 'soon')
  expect(stderr).toMatch(/'--ttl <time>' .* must be a number with s, m, h or d/)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

const demoOutput = z.strictObject({
  ok: z.literal(true),
  attempted: z.int().min(5_000),
  accepted: z.strictObject({
    claims: z.literal(1_000),
    orders: z.int().positive(),
    payments: z.int().positive(),
    cancels: z.int().positive(),
    refunds: z.int().positive(),
  }),
  refused: z.record(z.string().regex(/^[a-z_]+$/), z.int().positive()),
  latencyMs: z.strictObject({
    accepted: z.strictObject({ p50: z.number().positive(), p99: z.number().positive() }),
    refused: z.strictObject({ p50: z.number().positive(), p99: z.number().positive() }),
  }),
  sold: z.tuple([z.literal(1_000), z.literal(1_000)]),
  claimed: z.tuple([z.literal(1_000), z.literal(1_000)]),
  lagMs: z.number().positive(),
  verify: z.strictObject({ ok: z.literal(true) }),
})

it('npm run demo sells out to the last unit and proves it, in one JSON object for a machine', async () => {
  const { code, stdout, stderr } = await npm('demo', '--json')
  expect(code, stderr).toBe(0)
  expect(demoOutput.parse(JSON.parse(stdout))).toBeTruthy()
}, 90_000)

it('npm run verify proves the books, in the body of GET /v1/verify for a machine', async () => {
  const forPeople = await npm('verify')
  expect(forPeople.stdout).toContain('The books balance.')
  expect(forPeople.code).toBe(0)
  const headers = { authorization: `Bearer ${await makeToken('--sub', 'boss', '--role', 'admin')}` }
  const served = await fetch(`${engine.url}/v1/verify`, { headers })
  const { code, stdout } = await npm('verify', '--json')
  expect(JSON.parse(stdout)).toEqual(await served.json())
  expect(code).toBe(0)
})

it('npm run doctor names what npm start uses', async () => {
  const forPeople = await npm('doctor')
  for (const name of ['Node', 'Redis', 'Postgres']) {
    expect(forPeople.stdout).toMatch(new RegExp(`^ok +${name} +\\S`, 'm'))
  }
  expect(forPeople.code).toBe(0)
  const { code, stdout } = await npm('doctor', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: expect.any(Array) })
  expect(code).toBe(0)
})

it('npm test runs the tests that it is given', async () => {
  const { code, stdout } = await runCommand(['npm', 'test', '--', 'test/config.test.ts'], settings)
  expect(stdout).toMatch(/Tests\W.*passed/)
  expect(code, stdout).toBe(0)
})

it('npm run check finds nothing', async () => {
  const { code, stdout, stderr } = await npm('check')
  expect(code, `${stdout}${stderr}`).toBe(0)
}, 180_000)
