import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type CpuTimes, openCpuMeter, peakMemoryOf } from './cpu.ts'
import { root } from './process.ts'
import type { Stage } from './stage.ts'

const lookMs = 50

/** What a command took. */
export type CommandCosts = {
  seconds: number
  /** Of the command itself and of the servers meanwhile. */
  cpuSeconds: CpuTimes
  peakMemoryMb: number
}

/**
 * Runs a command of this project to its end on the stores of the stage, as an operator does.
 *
 * @returns what it printed, and what it took.
 * @throws Error where it fails.
 */
export async function runCommand(
  { settings, redisPid: redis, postgresPid: postgres }: Stage,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ output: string; costs: CommandCosts }> {
  const before = openCpuMeter({ redis, postgres }).read()
  const startedAt = performance.now()
  const child = spawn(process.execPath, [join(root, 'bin/main.ts'), ...args], {
    env: { ...settings, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = child.pid as number
  const meter = openCpuMeter({ command: pid, redis, postgres })
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    output += text
  })
  // A process that has ended says nothing any more, so the last look before that counts.
  let cpuUs: CpuTimes = {}
  let peakMemory = 0
  const timer = setInterval(() => {
    peakMemory = Math.max(peakMemory, peakMemoryOf(pid))
    cpuUs = meter.since({ ...before, command: 0 })
  }, lookMs)
  const [code] = (await once(child, 'exit').finally(() => clearInterval(timer))) as [number]
  if (code !== 0) throw new Error(`stampede ${args.join(' ')} ended with ${code}`)
  const cpuSeconds = Object.entries(cpuUs).map(([name, us]) => [name, Math.round(us / 1e4) / 100])
  return {
    output,
    costs: {
      seconds: (performance.now() - startedAt) / 1_000,
      cpuSeconds: Object.fromEntries(cpuSeconds),
      peakMemoryMb: Math.round(peakMemory / 2 ** 20),
    },
  }
}
