import { show } from '../src/cli/answer.ts'
import { storesCommand } from '../src/cli/command.ts'
import { openStatusLine } from '../src/telemetry/status-line.ts'
import type { RebuildStage, Rebuilt } from '../workers/rebuild-shop.ts'

const stages: Record<RebuildStage, string> = {
  begun: 'the shop is closed',
  raised: 'carrying what is in the outbox into Postgres',
  drained: 'loading what Postgres says',
  loaded: 'putting it in the place of the old',
  installed: 'comparing it with Postgres',
}

export function rebuildCommand() {
  return storesCommand('rebuild', {
    summary: 'Make the hot state of a shop anew from Postgres',
    details:
      'The shop is closed meanwhile and answers 503. Worker processes do this by themselves where a shop needs it; ' +
      'this is for who does not want to wait, or does not trust what is in Redis.',
    examples: ['rebuild', 'rebuild --shop outlet --force --json'],
  })
    .option(
      '--force',
      'also where Postgres lacks events that it had, as after a restore: give them up',
    )
    .option('--progress', 'tell how far it is, also where standard error is no terminal')
    .action(async ({ shop = 'main', force = false, progress, ...options }) => {
      const line = openStatusLine({ isTerminalOnly: !progress })
      const onStage = (stage: RebuildStage) => line.set(() => `${shop}: ${stages[stage]}`)
      const rebuilt = await rebuild(shop, force, onStage).finally(line.end)
      show(rebuilt, options, describe)
    })
}

async function rebuild(
  shop: string,
  isForced: boolean,
  onStage: (stage: RebuildStage) => void,
): Promise<Rebuilt> {
  const [{ withStores }, { databaseOf }, { findWatermark }, { rebuildShop }, { findFault }] =
    await Promise.all([
      import('../src/cli/stores.ts'),
      import('../src/db/database.ts'),
      import('../src/db/shops.ts'),
      import('../workers/rebuild-shop.ts'),
      import('../workers/restore-shops.ts'),
    ])
  const bounds = { name: 'rebuild', poolMax: 4, statementTimeoutMs: 0 }
  return withStores(bounds, async ({ redis, orm }) => {
    if (!(await findWatermark(databaseOf(orm), shop))) {
      throw new Error(
        `Postgres does not know a shop ${shop}; npm run shop -- list names those that are.`,
      )
    }
    const fault = await findFault({ redis, orm, shop })
    if (fault?.lost === 'postgres' && !isForced) {
      throw new Error(`${fault.because}. Restore Postgres, or give that up with --force.`)
    }
    const rebuilt = await rebuildShop({ redis, orm, shop, onStage })
    if (!rebuilt) throw new Error('Another process is rebuilding the shop at this moment.')
    return rebuilt
  })
}

function describe({ shop, epoch, drained, deadLetters, until, tookMs }: Rebuilt): string {
  const lines = [
    `The shop ${shop} is open, in epoch ${epoch}, after ${(tookMs / 1_000).toFixed(1)} s.`,
    `${drained} events were still in the outbox and are in Postgres now.`,
  ]
  if (deadLetters > 0) lines.push(`${deadLetters} of them became dead letters.`)
  if (until !== '0-0') {
    const at = new Date(Number.parseInt(until, 10)).toISOString()
    lines.push(`The last event that Postgres has is of ${at}.`)
  }
  return lines.join('\n')
}
