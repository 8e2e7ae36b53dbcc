import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openStorm } from '../../src/live/storm.ts'
import { freePort } from '../../src/services/processes.ts'
import { jwtSecret } from '../e2e/engine.ts'
import { temporaryFolder } from '../services/folder.ts'

/** A program in the place of the demo. */
function programOf(lines: string): string {
  const path = join(temporaryFolder(), 'program.mjs')
  writeFileSync(path, lines)
  return path
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the storm of the live page', () => {
  it('tells of the demo what it says, and why something is off', async () => {
    const program = programOf(`
      process.stderr.write('opening the sale\\rfailed: stock: one too many\\n')
      process.stdout.write(JSON.stringify({ ok: false, args: process.argv.slice(2, 5) }))
    `)
    expect(await openStorm(program).run()).toEqual({
      report: { ok: false, args: ['storm', '--json', '--no-start'] },
      failure: 'failed: stock: one too many',
    })
  })

  it('does not fail where the demo is ended amidst its answer', async () => {
    const program = programOf(`process.stdout.write('{"ok":true,"sold":'); process.exitCode = 1`)
    expect(await openStorm(program).run()).toEqual({ report: null, failure: 'It gave up.' })
  })

  it('is ended with the process that runs it, and none begins after that', async () => {
    const folder = temporaryFolder()
    const mark = join(folder, 'pid')
    const program = programOf(`
      import { writeFileSync } from 'node:fs'
      process.on('SIGTERM', () => {})
      setInterval(() => {}, 1_000)
      writeFileSync(${JSON.stringify(mark)}, String(process.pid))
    `)
    const storm = openStorm(program)
    const [first, second] = [storm.run(), storm.run()]
    expect(second).toBe(first)
    const pid = await vi.waitUntil(() => existsSync(mark) && Number(readFileSync(mark)), {
      timeout: 20_000,
    })
    onTestFinished(() => void (isRunning(pid) && process.kill(pid, 'SIGKILL')))
    await storm.close()
    expect(isRunning(pid)).toBe(false)
    expect(await first).toEqual({ report: null, failure: 'It gave up.' })
    rmSync(mark)
    expect(await storm.run()).toEqual({ report: null, failure: 'The engine is stopping.' })
    expect(existsSync(mark)).toBe(false)
  })

  it('starts no engine where there is none', async () => {
    const folder = temporaryFolder()
    const port = await freePort()
    const settings = { PORT: String(port), DATA_DIR: folder, JWT_SECRET: jwtSecret }
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await openStorm().run()).toEqual({
      report: null,
      failure: `Nothing answers at http://127.0.0.1:${port}/: npm start first.`,
    })
    expect(readdirSync(folder)).toEqual([])
  })
})
