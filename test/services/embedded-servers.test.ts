import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { openOrm } from '../../src/db/orm.ts'
import { readRecord } from '../../src/services/data-folder.ts'
import { withRedis } from '../../src/services/redis-connection.ts'
import { resolveFor, temporaryFolder } from './folder.ts'
import { holdServers } from './held-servers.ts'

const ping = (url: string) => withRedis(url, (redis) => redis.ping())
const pidOf = (folder: string, name: string) =>
  readRecord(join(folder, `${name}.json`))?.pid as number

async function query<Row>(databaseUrl: string, text: string): Promise<Row[]> {
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  try {
    return (await sql.raw<Row>(text).execute(orm.em.getKysely())).rows
  } finally {
    await orm.close()
  }
}

describe('embedded servers', () => {
  it('serve two starters at once with one server of each', async () => {
    const folder = temporaryFolder()
    const [one, other] = await Promise.all([
      resolveFor({ DATA_DIR: folder }),
      resolveFor({ DATA_DIR: folder }),
    ])
    expect(other.redisUrl).toBe(one.redisUrl)
    expect(other.databaseUrl).toBe(one.databaseUrl)
    expect(other.jwtSecret).toBe(one.jwtSecret)
    expect(one.describe.at(-1)).toMatch(/a secret made for this folder; set JWT_SECRET/)
  })

  it('run until the last user has left', async () => {
    const folder = temporaryFolder()
    const one = await resolveFor({ DATA_DIR: folder })
    const other = await resolveFor({ DATA_DIR: folder })
    await one.release()
    await one.release()
    expect(await ping(other.redisUrl)).toBe('PONG')
    expect(await query(other.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }])
    await other.release()
    await expect(ping(other.redisUrl)).rejects.toThrow()
    await expect(query(other.databaseUrl, 'select 1')).rejects.toThrow()
  })

  it('are adopted after their starter was killed, and stopped by who adopted them', async () => {
    const folder = temporaryFolder()
    const starter = await holdServers(folder)
    const pids = [pidOf(folder, 'redis'), pidOf(folder, 'postgres')]
    await starter.kill()
    const services = await resolveFor({ DATA_DIR: folder })
    expect(services.describe.slice(0, 2).join()).toMatch(
      /Redis .*already running.*Postgres .*already/,
    )
    expect([pidOf(folder, 'redis'), pidOf(folder, 'postgres')]).toEqual(pids)
    await services.release()
    await expect(ping(services.redisUrl)).rejects.toThrow()
  })

  it('come back with their data after all of them were killed', async () => {
    const folder = temporaryFolder()
    const first = await resolveFor({ DATA_DIR: folder })
    await withRedis(first.redisUrl, (redis) => redis.set('sold', 'all'))
    await query(first.databaseUrl, 'create table sold as select 7 as units')
    process.kill(pidOf(folder, 'redis'), 'SIGKILL')
    process.kill(pidOf(folder, 'postgres'), 'SIGKILL')

    const second = await resolveFor({ DATA_DIR: folder })
    expect(second.redisUrl).toBe(first.redisUrl)
    expect(await withRedis(second.redisUrl, (redis) => redis.get('sold'))).toBe('all')
    expect(await query(second.databaseUrl, 'select units from sold')).toEqual([{ units: 7 }])
  })

  it('are started again while they are watched', async () => {
    const folder = temporaryFolder()
    const services = await resolveFor({ DATA_DIR: folder })
    const lines: string[] = []
    services.watch((line) => lines.push(line))
    process.kill(pidOf(folder, 'redis'), 'SIGKILL')
    process.kill(pidOf(folder, 'postgres'), 'SIGKILL')
    await vi.waitFor(() => expect(lines).toHaveLength(2), { timeout: 10_000 })
    expect(await ping(services.redisUrl)).toBe('PONG')
    expect(await query(services.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('answer only to those who may read the data folder', async () => {
    const folder = temporaryFolder()
    const { redisUrl, databaseUrl } = await resolveFor({ DATA_DIR: folder })
    for (const file of ['redis.json', 'redis.conf', 'postgres.json', 'jwt-secret']) {
      expect(statSync(join(folder, file)).mode & 0o077).toBe(0)
    }
    await expect(ping(redisUrl.replace(/:[^:]*@/, ':guess@'))).rejects.toThrow('WRONGPASS')
    await expect(query(databaseUrl.replace(/:[^:/]*@/, ':guess@'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    )
  })

  it('know nothing that would lose an answered order', async () => {
    const { redisUrl, databaseUrl } = await resolveFor({ DATA_DIR: temporaryFolder() })
    const redis = await withRedis(redisUrl, (it) =>
      it.config(
        'GET',
        'appendonly',
        'appendfsync',
        'no-appendfsync-on-rewrite',
        'maxmemory-policy',
      ),
    )
    expect(redis).toEqual(expect.arrayContaining(['always', 'noeviction']))
    const settings = await query(
      databaseUrl,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
       current_setting('full_page_writes') as pages, current_setting('data_checksums') as checksums`,
    )
    expect(settings).toEqual([{ fsync: 'on', commit: 'on', pages: 'on', checksums: 'on' }])
  })
})
