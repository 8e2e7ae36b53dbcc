import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { runCommand } from '../command.ts'
import { type Row, rowOf } from '../row.ts'

/** Arrivals per second: of claims, and of visits that check out. */
const rates = { claim: 500, checkout: 200 }

type Summary = { metrics: Record<string, Record<string, number>> }

/** What a client that knows nothing of this project sees: k6 with the scenarios of load-tests. */
export async function measureK6({ stage, shops, sizes, say }: Bench): Promise<Row[]> {
  await shops.open('main')
  const rows: Row[] = []
  for (const [scenario, rate] of Object.entries(rates)) {
    say(`k6: ${scenario}`)
    const file = join(stage.folder, `k6-${scenario}.json`)
    // Enough for most of those who come, and not for all.
    const units = String(Math.ceil(rate * sizes.lagSeconds * 0.8))
    const env = {
      PORT: String(stage.api.port),
      RATE: String(rate),
      DURATION_S: String(sizes.lagSeconds),
      QUANTITY: units,
      STOCK: units,
      RESULTS_DIR: stage.folder,
    }
    stage.worker.resume()
    try {
      // Its thresholds are those of a load test; the books are proven at the end of this run.
      const args = ['load', scenario, '--quiet', '--no-thresholds', `--summary-export=${file}`]
      await runCommand(stage, args, env)
    } finally {
      await shops.drain()
    }
    const { metrics } = JSON.parse(readFileSync(file, 'utf8')) as Summary
    for (const [name, values] of Object.entries(metrics)) {
      if (!name.endsWith('_ms')) continue
      rows.push(
        rowOf({
          name: `k6 ${scenario}: ${name}`,
          unit: `ms, 99 of 100, at ${rate} arrivals per second`,
          values: [values['p(99)'] ?? Number.NaN],
          details: values,
        }),
      )
    }
  }
  return rows
}
