import type { Bench, Sizes } from './bench.ts'
import { readConditions } from './conditions.ts'
import { readHostTimes, stolenShareSince } from './cpu.ts'
import { type Mode, modes, type Size, sizes } from './modes.ts'
import type { Report } from './report.ts'
import type { Row } from './row.ts'
import { openShops } from './shops.ts'
import { openStage } from './stage.ts'

/**
 * Measures and then proves the books.
 *
 * @param options.only names of measurements of the mode; all of them where it is missing.
 * @throws Error where the engine does not start or there is no such measurement.
 */
export async function runBench(options: {
  mode: Mode
  size: Size
  only?: string[] | undefined
  changes: Partial<Sizes>
  say: (line: string) => void
}): Promise<Report> {
  const { mode, size, changes, say } = options
  const measurements: Record<string, (bench: Bench) => Promise<Row[]>> = modes[mode]
  const names = options.only ?? Object.keys(measurements)
  const unknown = names.filter((name) => !(name in measurements))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(' and no ')} in ${mode}.`)
  const stage = await openStage(say)
  try {
    const shops = openShops(stage)
    const bench = { stage, shops, say, sizes: { ...sizes[size], ...changes } }
    const conditions = { mode, size, ...(await readConditions(bench)) }
    const rows: Row[] = []
    const problems: string[] = []
    for (const name of names) {
      try {
        const before = readHostTimes()
        const measured = (await measurements[name]?.(bench)) ?? []
        const stolenShare = Math.round(stolenShareSince(before) * 1_000) / 1_000
        rows.push(...measured.map((row) => ({ ...row, details: { ...row.details, stolenShare } })))
      } catch (error) {
        problems.push(`${name} could not be measured. ${error}`)
      }
    }
    say('verifying')
    await shops.drain()
    const off = await shops.verifyAll()
    return {
      ok: rows.every(({ met }) => met !== false) && off.length === 0 && problems.length === 0,
      verified: off.length === 0,
      conditions,
      rows,
      problems: [...problems, ...off],
    }
  } finally {
    await stage.close()
  }
}
