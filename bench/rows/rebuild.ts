import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Rebuilt } from '../../workers/rebuild-shop.ts'
import type { Bench } from '../bench.ts'
import { type CpuTimes, openCpuMeter, peakMemoryOf } from '../cpu.ts'
import { root } from '../process.ts'
import { type Row, rowOf } from '../row.ts'
import { seedShop } from '../seed-shop.ts'
import type { Stage } from '../stage.ts'

const lookMs = 50

/** The hot state of a large shop, made anew from Postgres. */
export async function measureRebuild({ stage, shops, sizes, say }: Bench): Promise<Row[]> {
  const { users, options, isBudget } = sizes.rebuild
  const shop = await shops.open('rebuild')
  say(`rebuild: writing ${users} balances and user coupons and ${options} options`)
  await seedShop(stage.databaseUrl, shop.name, { users, options })
  say('rebuild')
  const { rebuilt, ...costs } = await rebuild(stage, shop.name)
  return [
    rowOf({
      name: 'rebuild',
      unit: `s for ${users} balances, as many user coupons and ${options} options`,
      values: [rebuilt.tookMs / 1_000],
      ...(isBudget && { budget: { bound: 15, what: 'value' } }),
      details: costs,
    }),
  ]
}

/** Runs the command, as an operator does. */
export async function rebuild(stage: Stage, shop: string) {
  const { redisPid: redis, postgresPid: postgres } = stage
  const before = openCpuMeter({ redis, postgres }).read()
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    [join(root, 'workers/rebuild.ts'), '--shop', shop, '--json'],
    {
      env: stage.settings,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const pid = child.pid as number
  const meter = openCpuMeter({ rebuild: pid, redis, postgres })
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    output += text
  })
  // A process that has ended says nothing any more, so the last look before counts.
  let cpuUs: CpuTimes = {}
  let peakMemoryBytes = 0
  const look = () => {
    peakMemoryBytes = Math.max(peakMemoryBytes, peakMemoryOf(pid))
    cpuUs = meter.since({ ...before, rebuild: 0 })
  }
  const timer = setInterval(look, lookMs)
  const [code] = (await once(child, 'exit').finally(() => clearInterval(timer))) as [number]
  if (code !== 0) throw new Error('The rebuild failed')
  return {
    rebuilt: JSON.parse(output) as Rebuilt,
    seconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: Object.fromEntries(
      Object.entries(cpuUs).map(([name, us]) => [name, Math.round(us / 10_000) / 100]),
    ),
    peakMemoryMb: Math.round(peakMemoryBytes / 2 ** 20),
  }
}
