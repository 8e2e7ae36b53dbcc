import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { freePort, run as runProgram } from '../../src/services/processes.ts'
import { createDatabase } from '../support/postgres.ts'
import { commandLine, storesCommandLine } from './command-line.ts'

const hasPsql = (await runProgram('psql', ['--version'])) !== null

describe('a command that goes past the engine', () => {
  const commands = [['verify'], ['rebuild'], ['dead-letters', 'list'], ['shop', 'list']]

  it.each(commands)('says that no migration has made the tables: %s %s', async (...args) => {
    const { code, body, stderr } = await storesCommandLine(inject('databaseUrl')).json(...args)
    expect(body.detail).toBe('Postgres has no tables yet: npm start or npm run migrate first.')
    expect({ code, stderr }).toEqual({ code: 1, stderr: `${body.detail}\n` })
  })

  it.each(commands)('says why Postgres cannot be used: %s %s', async (...args) => {
    // A name with two addresses, of which neither answers.
    const nowhere = `postgresql://stampede@localhost:${await freePort()}/stampede`
    const { code, stderr } = await storesCommandLine(nowhere).run(...args)
    expect(stderr).toMatch(/^Postgres cannot be used: connect ECONNREFUSED .+\n$/)
    expect(code).toBe(1)
  })

  it('is not done where nobody reads any more', async () => {
    const { shell } = storesCommandLine(await createDatabase())
    expect(await shell('stampede verify --progress 2>&1 | true')).toEqual({
      ...{ code: 1, stdout: '', stderr: '' },
    })
  })
})

describe('stampede psql', () => {
  it.runIf(hasPsql)('runs a statement, and only reads', async () => {
    const { run } = storesCommandLine(await createDatabase())
    const counted = await run('psql', 'select count(*) from orders')
    expect(counted.stdout).toMatch(/ count \n-+\n +0\n/)
    expect(counted.code).toBe(0)
    const written = await run('psql', 'delete from orders')
    expect(written.stderr).toMatch(/cannot execute DELETE in a read-only transaction/)
    expect(written.code).toBe(1)
  })

  it('tells other programs the address', async () => {
    const databaseUrl = await createDatabase()
    const told = await storesCommandLine(databaseUrl).json('psql')
    expect(told).toEqual({ code: 0, body: { url: databaseUrl }, stderr: '' })
    const both = await storesCommandLine(databaseUrl).json('psql', 'select 1')
    expect(both).toMatchObject({ code: 2, body: { code: 'wrong_usage' } })
  })

  it('says how to get the program where it is not', async () => {
    const folder = emptyFolder()
    const settings = { PATH: folder, DATABASE_URL: 'postgresql://127.0.0.1/none', REDIS_URL: '' }
    const { code, stderr } = await commandLine(settings).run('psql', 'select 1')
    expect(stderr).toMatch(/^psql is missing: .*apt-get install postgresql-client.*\n$/)
    expect(code).toBe(1)
  })

  it('does not make a database where none is', async () => {
    const DATA_DIR = join(emptyFolder(), 'none')
    const { code, stderr } = await commandLine({ DATA_DIR }).run('psql')
    expect(stderr).toMatch(/^Nothing runs on the data folder .+\n$/)
    expect(code).toBe(1)
  })
})

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
