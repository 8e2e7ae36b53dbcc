import type { Rebuilt } from '../../workers/rebuild-shop.ts'
import type { Bench } from '../bench.ts'
import { runCommand } from '../command.ts'
import { moveShop } from '../floors/move-shop.ts'
import { type Row, rowOf } from '../row.ts'
import { seedShop } from '../seed-shop.ts'

/** The hot state of a large shop, made anew from Postgres. */
export async function measureRebuild({ stage, shops, sizes, say }: Bench): Promise<Row[]> {
  const { users, options, isBudget } = sizes.rebuild
  const shop = await shops.open('rebuild')
  say(`rebuild: writing ${users} balances and user coupons and ${options} options`)
  await seedShop(stage.databaseUrl, shop.name, { users, options })
  say('rebuild')
  const flags = ['--shop', shop.name, '--json']
  const { output, costs } = await runCommand(stage, ['rebuild', ...flags])
  const { tookMs } = JSON.parse(output) as Rebuilt
  say('rebuild: its floor')
  const floorSeconds = await moveShop(stage, shop.name)
  return [
    rowOf({
      name: 'rebuild',
      unit: `s for ${users} balances, as many user coupons and ${options} options`,
      values: [tookMs / 1_000],
      floor: {
        is: 'binary COPY of the same rows to files, HSET of the same fields, encoded before; then both read once more',
        values: [floorSeconds],
      },
      ...(isBudget && { budget: { bound: 15, what: 'value' } }),
      details: costs,
    }),
  ]
}
