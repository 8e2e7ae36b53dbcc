import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Config, loadConfig } from '../config.ts'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import { listWatermarks } from '../db/shops.ts'
import { idPattern } from '../domain/ids.ts'
import type { RedisClient } from '../redis/client.ts'
import { connectRedis } from '../redis/client.ts'
import { countUsers, openDataFolder, withLock } from '../services/data-folder.ts'
import { resolveServices } from '../services/services.ts'
import { createShop, readShopState, type Stores } from '../services/shops.ts'

const usage = `npm run shop -- create NAME [--json]
npm run shop -- list [--json]

Creates a shop in the Redis and the Postgres of the running engine, which serves it at once, or lists the shops.
  NAME     letters, digits, _ and -, at most 64; a token for the shop: npm run -s token -- --sub ID --shop NAME
  --json   one JSON object on standard output, for a machine
A shop that exists already is left as it is, and that is fine. It exits with 1 where there is no such shop at the end.`

/** What Postgres says of a table that no migration has made. */
const undefinedTable = '42P01'

type ListedShop = { shop: string; state: 'open' | 'closed' | 'lost' }
type Answer = { text: string; json: unknown }

try {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const { text, json } = await withRunningStores(readTask(positionals))
    process.stdout.write(`${flags.json ? JSON.stringify(json) : text}\n`)
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

/** @throws Error where the arguments name no task. */
function readTask([verb, name, ...rest]: string[]): (stores: Stores) => Promise<Answer> {
  if (verb === 'list' && name === undefined) return list
  if (verb !== 'create' || name === undefined || rest.length > 0) throw new Error(usage)
  if (!idPattern.test(name)) throw new Error(`The name of a shop must match ${idPattern.source}`)
  return (stores) => create(stores, name)
}

async function create(stores: Stores, shop: string): Promise<Answer> {
  const result = await createShop(stores, shop)
  if (result === 'lost') {
    throw new Error(
      `The shop ${shop} exists, but its hot state in Redis is lost or incomplete. It is not opened again, because it ` +
        'would sell from zero: it stays closed until it is rebuilt from Postgres.',
    )
  }
  const text =
    result === 'created' ? `The shop ${shop} is open.` : `The shop ${shop} exists already.`
  return { text, json: { shop, result } }
}

async function list({ redis, db }: Stores): Promise<Answer> {
  const shops: ListedShop[] = []
  for (const { shop } of await listWatermarks(db)) {
    shops.push({ shop, state: await describeState(redis, shop) })
  }
  const width = Math.max(...shops.map(({ shop }) => shop.length))
  const lines = shops.map(({ shop, state }) => `${shop.padEnd(width)}  ${state}`)
  return { text: lines.join('\n'), json: { shops } }
}

async function describeState(redis: RedisClient, shop: string): Promise<ListedShop['state']> {
  const { isOpen, missingKeys } = await readShopState(redis, shop)
  if (missingKeys > 0) return 'lost'
  return isOpen ? 'open' : 'closed'
}

/**
 * Runs a task with the stores of the running engine.
 *
 * @throws Error where no engine runs: a folder that nobody uses may well be the wrong one.
 */
async function withRunningStores<Result>(
  task: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig()
  if (!(await isInUse(config))) {
    const advice = 'npm start first, or set DATA_DIR to the folder of the engine.'
    throw new Error(`Nothing runs on the data folder ${config.DATA_DIR}: ${advice}`)
  }
  const services = await resolveServices(config)
  const redis = connectRedis(services.redisUrl, { name: 'shop' })
  redis.on('error', () => {}) // The rejected command tells.
  const orm = openOrm(services.databaseUrl, { poolMax: 1 })
  try {
    await redis.connect()
    return await task({ redis, db: databaseOf(orm) })
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (code === undefined) throw error
    const reason =
      code === undefinedTable
        ? 'Postgres has no tables yet: npm start first.'
        : `Postgres cannot be used: ${message}`
    throw new Error(reason, { cause: error })
  } finally {
    redis.disconnect()
    await orm.close()
    await services.release()
  }
}

async function isInUse({ REDIS_URL, DATABASE_URL, DATA_DIR }: Config): Promise<boolean> {
  if (REDIS_URL && DATABASE_URL) return true
  if (!existsSync(DATA_DIR)) return false
  const folder = openDataFolder(DATA_DIR)
  return (await withLock(folder, () => countUsers(folder))) > 0
}
