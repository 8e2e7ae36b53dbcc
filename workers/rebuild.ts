import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config.ts'
import { databaseOf } from '../src/db/database.ts'
import { openOrm } from '../src/db/orm.ts'
import { findWatermark } from '../src/db/shops.ts'
import { connectRedis } from '../src/redis/client.ts'
import { resolveServices } from '../src/services/services.ts'
import { type Rebuilt, rebuildShop } from './rebuild-shop.ts'
import { findFault } from './restore-shops.ts'

const usage = `npm run rebuild -- [--shop NAME] [--force] [--json]

Makes the hot state of a shop anew from Postgres. The shop is closed meanwhile and answers 503. Worker processes do this
by themselves where a shop needs it; this is for who does not want to wait, or does not trust what is in Redis.
  --shop NAME   which shop (default main)
  --force       also where Postgres lacks events that it had, as after a restore: they are then given up
  --json        one JSON object on standard output, for a machine
It exits with 0 if the shop is open again and says what Postgres says, else with 1.`

try {
  const { values: flags } = parseArgs({
    options: {
      shop: { type: 'string', default: 'main' },
      force: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const rebuilt = await rebuildInStores(flags.shop, flags.force)
    process.stdout.write(flags.json ? `${JSON.stringify(rebuilt)}\n` : describe(rebuilt))
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The shop was not rebuilt. ${reason}\n`)
  process.exitCode = 1
}

async function rebuildInStores(shop: string, isForced: boolean): Promise<Rebuilt> {
  const services = await resolveServices(loadConfig())
  const redis = connectRedis(services.redisUrl, { name: 'rebuild' })
  redis.on('error', () => {}) // The command that needed it fails.
  const orm = openOrm(services.databaseUrl, { poolMax: 4, statementTimeoutMs: 0 })
  try {
    await redis.connect()
    if (!(await findWatermark(databaseOf(orm), shop))) {
      throw new Error(
        `Postgres does not know a shop ${shop}; npm run shop -- list names those that are.`,
      )
    }
    const fault = await findFault({ redis, orm, shop })
    if (fault?.lost === 'postgres' && !isForced) {
      throw new Error(`${fault.because}. Restore Postgres, or give that up with --force.`)
    }
    const rebuilt = await rebuildShop({ redis, orm, shop })
    if (!rebuilt) throw new Error('Another process is rebuilding it at this moment.')
    return rebuilt
  } finally {
    redis.disconnect()
    await orm.close()
    await services.release()
  }
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
  return `${lines.join('\n')}\n`
}
