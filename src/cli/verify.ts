import { parseArgs } from 'node:util'
import { loadConfig } from '../config.ts'
import { openOrm } from '../db/orm.ts'
import { connectRedis } from '../redis/client.ts'
import { resolveServices } from '../services/services.ts'
import { formatReport } from '../verify/format-report.ts'
import { type VerifyReport, verify } from '../verify/verify.ts'

const usage = `npm run verify -- [--shop NAME] [--json]

Proves the books of a shop: Postgres' rows among themselves, and Redis against Postgres. The shop may be selling.
  --shop NAME   which shop (default main)
  --json        one JSON object on standard output, for a machine
It exits with 0 if every check holds, else with 1.`

try {
  const { values: flags } = parseArgs({
    options: {
      shop: { type: 'string', default: 'main' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const report = await verifyRunningShop(flags.shop)
    // Neither side knows it: a list of all that is missing would look like a loss.
    if (report.epoch === 0 && !flags.json) {
      throw new Error(`There is no shop ${flags.shop}; npm run shop -- list names those that are.`)
    }
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report))
    process.exitCode = report.ok ? 0 : 1
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The books could not be checked. ${reason}\n`)
  process.exitCode = 1
}

async function verifyRunningShop(shop: string): Promise<VerifyReport> {
  const services = await resolveServices(loadConfig())
  const redis = connectRedis(services.redisUrl, { name: 'stampede-verify' })
  // An interrupted connection fails the command that needed it; it is reported there.
  redis.on('error', () => {})
  // Somebody waits for this one answer, however many rows there are.
  const orm = openOrm(services.databaseUrl, { poolMax: 2, statementTimeoutMs: 0 })
  try {
    await redis.connect()
    return await verify({ redis, orm }, shop)
  } finally {
    redis.disconnect()
    await orm.close()
    await services.release()
  }
}
