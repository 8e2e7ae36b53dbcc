import { expect, it } from 'vitest'
import { runCommand } from '../e2e/engine.ts'

/** A run of every row at a size that shows nothing but that it works: no figure is judged here. */
it.runIf(process.platform === 'linux')(
  'measures every row and proves the books',
  { timeout: 400_000 },
  async () => {
    const { code, stdout, stderr } = await runCommand(
      [process.execPath, 'bench/main.ts', '--smoke', '--json'],
      {},
    )
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ verified: true, problems: [] })
    expect(report.conditions).toMatchObject({ node: process.version, connections: 8 })
    expect(report.rows.map(({ name }: { name: string }) => name)).toEqual([
      'claim',
      'order and pay',
      'order and pay, no coupon',
      'persisted checkout',
      'persisted checkout, in series',
      'persisted checkout, in all',
      'one hot product, accepted',
      'one hot product, in series',
      'one hot product, script alone',
      'one hot product, persisted',
      'drain',
      'drain rate',
      'sold-out refusal',
      'sold-out refusal, least',
      'sold-out refusal, commands',
      'rate limits',
      'persistence lag',
      'backlog growth',
      'memory of a claim',
      'memory of a finished order',
      'rebuild',
      "nearest peers' workload",
    ])
    for (const row of report.rows) {
      expect(row).toMatchObject({ value: expect.any(Number), unit: expect.any(String) })
      if (row.floor !== null) expect(row.ratio).toBeCloseTo(row.value / row.floor)
      expect([row.budget === null, row.bounds === null]).toEqual([
        row.met === null,
        row.met === null,
      ])
    }
  },
)
