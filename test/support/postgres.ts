import { sql } from 'kysely'
import { inject } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { openOrm } from '../../src/db/orm.ts'
import { newId } from '../../src/domain/ids.ts'

const template = 'stampede_template'

/** Makes the migrated database that all others are copied from, once per run. */
export async function makeTemplate(serverUrl: string): Promise<void> {
  await runOn(serverUrl, `CREATE DATABASE ${template}`)
  await migrate(onDatabase(serverUrl, template))
}

/**
 * Makes a migrated, empty database for one test file. It goes away with the server at the end of the run.
 *
 * @returns its address.
 */
export async function createDatabase(): Promise<string> {
  const serverUrl = inject('databaseUrl')
  const database = `test_${newId()}`
  await runOn(serverUrl, `CREATE DATABASE ${database} TEMPLATE ${template}`)
  return onDatabase(serverUrl, database)
}

async function runOn(databaseUrl: string, statement: string): Promise<void> {
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  try {
    await sql.raw(statement).execute(orm.em.getKysely())
  } finally {
    await orm.close()
  }
}

function onDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
