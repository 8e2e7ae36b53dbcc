import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freePort, run } from '../../src/services/processes.ts'
import { engineSettings, root, runCommand, startEngine } from '../e2e/engine.ts'

// As a person does it: with a secret of the folder's own, and one port that all commands know.
const port = await freePort()
const settings = engineSettings({ PORT: String(port), JWT_SECRET: '' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })
const hasPsql = (await run('psql', ['--version'])) !== null

/** Runs all commands of a tour as somebody pastes them, one block after the other, on this engine. */
async function take(tour: string) {
  const page = readFileSync(join(root, 'docs/TOURS.md'), 'utf8')
  const section = page.split(/^## /m).find((text) => text.startsWith(`${tour}\n`)) as string
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block as string)
  const script = blocks.join('').replaceAll(/http:\/\/127\.0\.0\.1:3000/g, engine.url)
  const { stdout, stderr } = await runCommand(['bash', '-c', script], settings)
  // npx may have to say something of the machine that it runs on.
  const failures = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm warn'))
  return { lines: stdout.trim().split('\n'), failures }
}

/** Each command of a tour is a process of its own, and a busy machine takes seconds for one. */
const tourMs = 400_000

it(
  'the tour of buying runs as pasted, and says what the page shows',
  async () => {
    const { lines, failures } = await take('Buying')
    expect(failures).toEqual([])
    const [charge, claim, replayed, order, again, reused, held, paid, bought] = lines as string[]
    expect(JSON.parse(charge as string)).toMatchObject({ beforeAmount: 0, afterAmount: 30_000 })
    expect(JSON.parse(claim as string)).toMatchObject({ rank: 1, status: 'AVAILABLE' })
    expect(replayed?.trim().toLowerCase()).toBe('idempotency-replayed: true')
    const { userCouponId } = JSON.parse(claim as string)
    const status = 'COMPLETED'
    expect(JSON.parse(order as string)).toMatchObject({ status, userCouponId, finalAmount: 8_910 })
    expect(again).toBe(order)
    expect(JSON.parse(reused as string)).toMatchObject({ code: 'idempotency_key_reused' })
    expect(JSON.parse(held as string)).toMatchObject({ code: 'held' })
    expect(JSON.parse(paid as string)).toMatchObject({ status, finalAmount: 19_800 })
    expect(bought).toMatch(/^409 sold_out: /)
    expect(lines).toHaveLength(9)
  },
  tourMs,
)

it.runIf(hasPsql)(
  'the tour of running a sale runs as pasted',
  async () => {
    const { lines, failures } = await take('Running a sale')
    expect(failures).toEqual([])
    const text = lines.join('\n')
    expect(text).toMatch(/^name +Five off$/m)
    expect(text).toMatch(/^status +PAUSED\nstatus +ACTIVE\n/m)
    expect(text).toMatch(/^totalQuantity +5$/m)
    expect(text).toMatch(/^price +4500$/m)
    expect(text).toMatch(/^change +50$/m)
    expect(text).toMatch(/^code\n[A-Z0-9-]+\n[A-Z0-9-]+$/m)
    expect(text).toMatch(/^The books balance\./m)
    expect(text).toMatch(/^The shop main has no such dead letter\.$/m)
    expect(text).toMatch(/^ COMPLETED \| +2 \| +28710$/m)
  },
  tourMs,
)
