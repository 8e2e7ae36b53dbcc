import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { sql } from 'kysely'
import { databaseOf } from '../src/db/database.ts'
import type { Bench } from './bench.ts'

/** What a reader needs to compare the figures with those of another run. */
export async function readConditions({ stage, sizes }: Bench): Promise<Record<string, unknown>> {
  const { redis, orm, folder } = stage
  const server = await redis.info('server')
  const redisSetting = async (name: string) => {
    const [, value] = (await redis.config('GET', name)) as string[]
    return `${name} ${value}`
  }
  const redisSettings = [
    'appendonly',
    'appendfsync',
    'maxmemory-policy',
    'auto-aof-rewrite-percentage',
  ]
  const postgresSettings = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers']
  const { rows } = await sql<{ name: string; value: string }>`
    select name, current_setting(name) as value from unnest(${postgresSettings}::text[]) as s (name)`.execute(
    databaseOf(orm),
  )
  const { rows: versions } = await sql<{ version: string }>`
    select current_setting('server_version') as version`.execute(databaseOf(orm))
  return {
    at: new Date().toISOString(),
    node: process.version,
    redis: /^(?:valkey|redis)_version:(\S+)/m.exec(server)?.[1],
    postgres: versions[0]?.version,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: readFileSync('/proc/version', 'utf8').split(' ').slice(0, 3).join(' '),
    fileSystem: fileSystemOf(folder),
    redisDurability: (await Promise.all(redisSettings.map(redisSetting))).join(', '),
    postgresDurability: rows.map(({ name, value }) => `${name} ${value}`).join(', '),
    loadAverageAtStart: loadavg().map((value) => Math.round(value * 100) / 100),
    ...sizes,
    pinning: 'none; the load generator runs on the same cores, and its share is with each row',
  }
}

const fileSystems: Record<string, string> = {
  '61267': 'ext4',
  '1021994': 'tmpfs',
  '58465342': 'xfs',
  '794c7630': 'overlay',
  '9123683e': 'btrfs',
}

function fileSystemOf(folder: string): string {
  const type = statfsSync(folder).type.toString(16)
  return fileSystems[type] ?? fileSystems[String(Number.parseInt(type, 16))] ?? type
}
