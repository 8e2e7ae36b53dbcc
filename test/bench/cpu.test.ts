import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { openCpuMeter, peakMemoryOf, readHostTimes, stolenShareSince } from '../../bench/cpu.ts'

const busyMs = 200
const busy = `const end = process.cpuUsage().user + ${busyMs * 1_000}
  while (process.cpuUsage().user < end);`

/** A process that prints a line when its code has run, and then waits. */
async function startNode(code: string) {
  const child = spawn(process.execPath, ['-e', `${code}; setInterval(() => {}, 1e6)`])
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stderr.pipe(process.stderr)
  return { child, pid: child.pid as number, says: () => once(child.stdout, 'data') }
}

it.runIf(process.platform === 'linux')(
  'counts threads and children, those that ended too',
  async () => {
    const { child, pid, says } = await startNode(`
    const { spawnSync } = require('node:child_process')
    const { Worker } = require('node:worker_threads')
    process.stdin.once('data', () => {
      spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}])
      const thread = new Worker(${JSON.stringify(`${busy}; require('node:worker_threads').parentPort.postMessage(0)
        setInterval(() => {}, 1e6)`)}, { eval: true })
      thread.once('message', () => console.log('done'))
    })
    console.log('ready')`)
    await says()
    const meter = openCpuMeter({ child: pid })
    const before = meter.read()
    child.stdin.write('go\n')
    await says()
    const us = meter.since(before).child as number
    // Two busy loops, and what it takes to start a program and a thread; a tick of the clock may be missing.
    expect(us).toBeGreaterThan(2 * busyMs * 1_000 - 20_000)
    expect(us).toBeLessThan(20 * busyMs * 1_000)
  },
)

it.runIf(process.platform === 'linux')('knows the most memory that a process had', async () => {
  const { pid, says } = await startNode(`let kept = Buffer.alloc(200e6, 1); kept = null
    console.log('ready')`)
  await says()
  expect(peakMemoryOf(pid)).toBeGreaterThan(200e6)
})

it.runIf(process.platform === 'linux')(
  'tells which share of the work the host kept back',
  async () => {
    const before = readHostTimes()
    const { child, says } = await startNode(`${busy}; console.log('done')`)
    await says()
    const now = readHostTimes()
    const ticks = now.worked - before.worked
    expect(ticks).toBeGreaterThanOrEqual((busyMs / 1_000) * 100 - 2)
    const share = stolenShareSince({ worked: before.worked, stolen: before.stolen - ticks })
    expect(share).toBeGreaterThan(0.3)
    expect(share).toBeLessThan(1)
    child.kill('SIGKILL')
  },
)
