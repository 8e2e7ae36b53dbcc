import { loadConfig } from '../config.ts'
import { migrate } from '../db/migrate.ts'
import { resolveServices } from '../services/services.ts'

const usage = `npm run migrate

Brings Postgres to the newest schema. API and workers do so too when they start; this is for a step of its own before.
It exits with 1 where Postgres, or the Redis beside it, cannot be used.`

if (process.argv.includes('--help')) {
  process.stdout.write(`${usage}\n`)
} else {
  try {
    const services = await resolveServices(loadConfig())
    try {
      const names = await migrate(services.databaseUrl)
      const told = names.length === 0 ? ['The schema is the newest one.'] : names
      process.stdout.write(`${told.join('\n')}\n`)
    } finally {
      await services.release()
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
