import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Config } from '../config.ts'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import { knownHoleOf } from './known-holes.ts'
import { nativeFolder } from './postgres-program.ts'
import { run } from './processes.ts'
import { reasonOf } from './reason.ts'
import { inspectRedis } from './redis-check.ts'
import { findBinary, findDocker, type RedisProgram } from './redis-program.ts'

export type Finding = {
  name: string
  /** Version and place, or null where it is missing. */
  found: string | null
  /** What it is for. */
  use: string
  needed: boolean
  /** What to do where it is missing. */
  advice: string
}

/** Looks for what Stampede needs or can use on this machine. */
export async function examineMachine(config: Config): Promise<Finding[]> {
  return Promise.all([
    {
      name: 'Node',
      found: `${process.version} (${process.execPath})`,
      use: 'runs everything',
      needed: true,
      advice: '',
    },
    findRedis(config.REDIS_URL),
    findPostgres(config.DATABASE_URL),
    findProgram('k6', ['k6', join(homedir(), 'go/bin/k6')], 'version', {
      use: 'npm run load',
      advice: 'install k6, or start Docker',
    }),
    findProgram('psql', ['psql'], '--version', {
      use: 'npx stampede psql',
      advice: 'install postgresql-client with apt-get, or libpq with Homebrew',
    }),
    findDockerEngine(),
    findProgram('Chromium', ['chromium', 'chromium-browser', 'google-chrome'], '--version', {
      use: 'tests of pages in a browser',
      advice: 'install chromium',
    }),
  ])
}

async function findRedis(url: string | undefined): Promise<Finding> {
  const about = { name: 'Redis', use: 'decides', needed: true }
  if (url) {
    let why = ''
    const given = await inspectRedis(url).catch((error: Error) => {
      why = `: ${error.message}`
      return null
    })
    const unsafe = given?.unsafe.map((problem) => `; ${problem}`).join('') ?? ''
    return {
      ...about,
      found: given && `${given.name} of REDIS_URL${unsafe}${holeOf(given.name)}`,
      advice: `REDIS_URL cannot be used${why}; correct it, or remove it to use an embedded one`,
    }
  }
  const binary = await findBinary()
  const docker = binary ? null : await findDocker()
  return {
    ...about,
    found: binary
      ? `${binary.version} (${binary.command})${holeOf(serverOf(binary))}`
      : docker && 'from Docker',
    advice:
      'npm start installs it as root with apt-get, or with Homebrew; else install redis-server',
  }
}

const serverOf = ({ command, version }: RedisProgram) =>
  `${command.startsWith('valkey') ? 'Valkey' : 'Redis'} ${version}`

function holeOf(server: string): string {
  const hole = knownHoleOf(server)
  return hole ? `; ${hole.advice}` : ''
}

async function findPostgres(url: string | undefined): Promise<Finding> {
  const about = { name: 'Postgres', use: 'remembers', needed: true }
  if (url) return { ...about, ...(await findGivenPostgres(url)) }
  try {
    const postgres = join(nativeFolder(), 'bin', 'postgres')
    const version = await run(postgres, ['--version'])
    if (version?.code === 0) {
      return { ...about, found: `${version.output.trim()} (${postgres})`, advice: '' }
    }
    return { ...about, found: null, advice: version?.output.trim() ?? `${postgres} is missing` }
  } catch (error) {
    return { ...about, found: null, advice: String(error) }
  }
}

async function findGivenPostgres(url: string): Promise<Pick<Finding, 'found' | 'advice'>> {
  const orm = openOrm(url, { poolMax: 1 })
  try {
    const { rows } = await sql<{ server_version: string }>`show server_version`.execute(
      databaseOf(orm),
    )
    return { found: `Postgres ${rows[0]?.server_version} of DATABASE_URL`, advice: '' }
  } catch (error) {
    const advice = 'correct it, or remove it to use an embedded one'
    return { found: null, advice: `DATABASE_URL cannot be used: ${reasonOf(error)}; ${advice}` }
  } finally {
    await orm.close()
  }
}

async function findDockerEngine(): Promise<Finding> {
  const engine = await findDocker()
  return {
    name: 'Docker',
    found: engine && `engine ${engine.version}`,
    use: 'Redis or k6 in a container',
    needed: false,
    advice: existsSync('/var/run/docker.sock') ? 'its engine does not answer' : 'start its engine',
  }
}

async function findProgram(
  name: string,
  commands: string[],
  versionFlag: string,
  about: { use: string; advice: string },
): Promise<Finding> {
  for (const command of commands) {
    const answer = await run(command, [versionFlag])
    if (answer?.code === 0) {
      // A script around the program may complain on the other output.
      const version = answer.stdout.trim().split('\n')[0]
      return { name, found: `${version} (${command})`, needed: false, ...about }
    }
  }
  return { name, found: null, needed: false, ...about }
}
