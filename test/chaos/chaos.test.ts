import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, runCommand } from '../e2e/engine.ts'

const chaos = (...args: string[]) =>
  runCommand([process.execPath, join(root, 'chaos/main.ts'), '--json', '--rate', '50', ...args], {})

/** Short when the machine is idle; processes that are killed take their time to come back on a busy one. */
const timeoutMs = 240_000

it('loses nothing while processes are killed and connections break', {
  timeout: timeoutMs,
}, async () => {
  const { code, stdout, stderr } = await chaos('--seed', '7', '--faults', '5')
  const report = JSON.parse(stdout)
  expect(report, stderr).toMatchObject({ ok: true, seed: 7, violations: [] })
  expect(report.faults).toHaveLength(5)
  for (const { recoveryMs } of report.faults) expect(recoveryMs).toBeGreaterThan(0)
  expect(report.requests.ok).toBeGreaterThan(100)
  expect(code).toBe(0)
})

it('finds out an engine that forgets its keys', { timeout: timeoutMs }, async () => {
  const { code, stdout, stderr } = await chaos('--canary', 'no-record')
  const { ok, canaries } = JSON.parse(stdout)
  expect(ok, stderr).toBe(true)
  expect(canaries[0].caught[0]).toMatchObject({ check: 'one effect' })
  expect(code).toBe(0)
})
