import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { knownHoleOf } from '../../src/services/known-holes.ts'
import { freePort } from '../../src/services/processes.ts'
import { findBinary } from '../../src/services/redis-program.ts'
import { createDatabase } from '../support/postgres.ts'
import { commandLine, storesCommandLine } from './command-line.ts'

type Finding = { name: string; found: string | null; advice: string }

const findingIn = (body: { findings: Finding[] }, name: string) =>
  body.findings.find((one) => one.name === name)

it('names the version of a program, and not what the script around it complains of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-doctor-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'chromium')
  writeFileSync(program, '#!/bin/sh\necho "cannot create /.config" >&2\necho "Chromium 9.9"\n')
  chmodSync(program, 0o755)
  const { body } = await commandLine({ PATH: folder }).json('doctor')
  expect(findingIn(body, 'Chromium')).toMatchObject({ found: 'Chromium 9.9 (chromium)' })
})

it('says what is known to be wrong with the release of Redis, and takes it all the same', async () => {
  const { version } = (await findBinary()) as { version: string }
  const { code, body } = await commandLine({}).json('doctor')
  const [, told = ''] = /\); (.+)$/.exec(findingIn(body, 'Redis')?.found ?? '') ?? []
  expect(told).toBe(knownHoleOf(`Redis ${version}`)?.advice ?? '')
  const given = await storesCommandLine(await createDatabase()).json('doctor')
  expect(findingIn(given.body, 'Redis')?.found).toContain(told)
  expect([code, given.code]).toEqual([0, 0])
})

it('asks a given Postgres whether it is there', async () => {
  const there = await storesCommandLine(await createDatabase()).json('doctor')
  expect(findingIn(there.body, 'Postgres')?.found).toMatch(/^Postgres \d+.* of DATABASE_URL$/)
  expect(there).toMatchObject({ code: 0, body: { ok: true } })
  const nowhere = `postgresql://stampede@localhost:${await freePort()}/stampede`
  const { code, body } = await storesCommandLine(nowhere).json('doctor')
  expect(findingIn(body, 'Postgres')).toMatchObject({
    found: null,
    advice: expect.stringMatching(/^DATABASE_URL cannot be used: connect ECONNREFUSED/),
  })
  expect({ code, ok: body.ok }).toEqual({ code: 1, ok: false })
})
