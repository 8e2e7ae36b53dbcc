import { loadConfig } from '../config.ts'
import type { Stores } from '../services/shops.ts'
import { show } from './answer.ts'
import { command, group, id } from './command.ts'
import { formatTable } from './table.ts'

export function shopCommand() {
  return group('shop', 'Shops of the running engine')
    .addCommand(createCommand())
    .addCommand(listCommand())
}

function createCommand() {
  return command('create', {
    summary: 'Open a shop, which the running engine serves at once',
    details: 'A shop that exists already is left as it is, and that is fine.',
    examples: ['shop create outlet'],
  })
    .argument('<name>', 'letters, digits, _ and -, at most 64', id)
    .action(async (shop, options) => {
      const { createShop } = await import('../services/shops.ts')
      const result = await withRunningStores((stores) => createShop(stores, shop))
      if (result === 'lost') {
        throw new Error(
          `The shop ${shop} exists, but its hot state in Redis is lost or incomplete. It is not opened again, ` +
            'because it would sell from zero: it stays closed until it is rebuilt from Postgres.',
        )
      }
      show({ shop, result }, options, () =>
        result === 'created' ? `The shop ${shop} is open.` : `The shop ${shop} exists already.`,
      )
    })
}

function listCommand() {
  return command('list', {
    summary: 'Name the shops, and whether they sell',
    details: 'One that is closed or lost is rebuilt from Postgres by the workers.',
    examples: ['shop list', 'shop list --json'],
  }).action(async (options) => {
    const { listShops } = await import('../services/shops.ts')
    const shops = await withRunningStores(listShops)
    show({ shops }, options, () => formatTable(shops))
  })
}

async function withRunningStores<Result>(
  task: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  const [{ expectRunning, withStores }, { databaseOf }] = await Promise.all([
    import('./stores.ts'),
    import('../db/database.ts'),
  ])
  await expectRunning(loadConfig())
  return withStores({ name: 'shop', poolMax: 1 }, ({ redis, orm }) =>
    task({ redis, db: databaseOf(orm) }),
  )
}
