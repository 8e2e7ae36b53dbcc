import { sql } from 'kysely'
import { expect, it, onTestFinished, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { prepareStores } from '../../src/services/prepare.ts'
import { resolveServices } from '../../src/services/services.ts'
import { engineSettings, program, startProcess } from '../e2e/engine.ts'

it('Ctrl-C ends a command at once that waits for Postgres, and it leaves the stores alone', async () => {
  const settings = engineSettings()
  const services = await resolveServices(loadConfig(settings), () => {})
  onTestFinished(services.release)
  await prepareStores(services)
  const orm = openOrm(services.databaseUrl)
  onTestFinished(() => orm.close())

  await databaseOf(orm)
    .transaction()
    .execute(async (transaction) => {
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
      await sql`lock table orders in access exclusive mode`.execute(transaction)
      const verify = startProcess([...program, 'verify', '--progress'], settings)
      await verify.prints(/^main: the rows of /m)
      expect(await verify.stop('SIGINT')).toBe(130)
      expect(verify.output.stdout).toBe('')
      expect(verify.output.stderr).toMatch(/^It was interrupted\.\n$/m)
    })
  // The servers, which others use, are still there, and the next one gets its answer.
  const again = startProcess([...program, 'verify', '--json'], settings)
  expect(await again.closed).toBe(0)
  expect(JSON.parse(again.output.stdout)).toMatchObject({ ok: true })
}, 120_000)

it('Ctrl-C ends a migration that waits for another one', async () => {
  const settings = engineSettings()
  const services = await resolveServices(loadConfig(settings), () => {})
  onTestFinished(services.release)
  const orm = openOrm(services.databaseUrl)
  onTestFinished(() => orm.close())
  const db = databaseOf(orm)

  await db.connection().execute(async (other) => {
    await sql`select pg_advisory_lock(7811432)`.execute(other)
    const migration = startProcess([...program, 'migrate'], settings)
    const waiting = sql`select from pg_locks where locktype = 'advisory' and not granted`
    await vi.waitUntil(async () => (await waiting.execute(other)).rows.length > 0, 60_000)
    expect(await migration.stop('SIGINT')).toBe(130)
    expect(migration.output.stderr).toMatch(/^It was interrupted\.\n$/m)
  })
}, 120_000)

it('the engine tells a machine when it serves, and stops in order', async () => {
  const engine = startProcess([...program, 'start', '--json'], engineSettings())
  const [object] = await engine.prints(/^\{"url":.+\}$/m)
  const { url } = JSON.parse(object)
  expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ok: true })
  expect(await engine.stop()).toBe(0)
  await engine.closed
  expect(engine.output.stdout).toBe(`${object}\n`)
}, 120_000)
