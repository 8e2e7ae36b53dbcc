import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { inject } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { openOrm } from '../../src/db/orm.ts'
import { newId } from '../../src/domain/ids.ts'
import { root } from '../e2e/engine.ts'
import { openPrivateRedis } from '../faults/private-redis.ts'
import { temporaryFolder } from '../services/folder.ts'

export const password = 'a-password-of-the-test'
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const digest = createHash('sha256').update(password).digest('hex')
export const users = ['stampede-api', 'stampede-worker']

/** The rules of a user as deploy/redis/users.conf has them. */
export function rulesOf(user: string): string[] {
  const [, rules] =
    new RegExp(`^user ${user} (.+)$`, 'm').exec(read('deploy/redis/users.conf')) ?? []
  return (rules as string).replace(/#\w+_PASSWORD_SHA256/, `#${digest}`).split(' ')
}

/** The same address for another user. */
export function as(url: string, username: string, itsPassword = password): string {
  const own = new URL(url)
  own.username = username
  own.password = itsPassword
  return own.href
}

/** A Redis with the users of deploy/redis/users.conf. */
export async function openRedisOfUsers() {
  const server = await openPrivateRedis(temporaryFolder())
  for (const user of users) await server.redis.call('ACL', 'SETUSER', user, ...rulesOf(user))
  return server
}

/** An empty, migrated database with the roles of deploy/postgres/roles.sql, which its whole server has. */
export async function openDatabaseOfRoles(serverUrl = inject('databaseUrl')) {
  const admin = new URL(serverUrl)
  const runOn = async (url: string, statement: string) => {
    const orm = openOrm(url, { poolMax: 1 })
    try {
      return await sql.raw(statement).execute(orm.em.getKysely())
    } finally {
      await orm.close()
    }
  }
  const database = `roles_${newId().replaceAll('-', '_').toLowerCase()}`
  await runOn(admin.href, `create database ${database}`)
  admin.pathname = `/${database}`
  const run = (statement: string) => runOn(admin.href, statement)
  const of = (role: string) => as(admin.href, `stampede_${role}`)
  const giveRights = () => run(read('deploy/postgres/roles.sql'))
  await giveRights()
  for (const role of ['migrate', 'api', 'worker']) {
    await run(`alter role stampede_${role} password '${password}'`)
  }
  await migrate(of('migrate'))
  await giveRights()
  const runAs = (role: string, text: string) => runOn(of(role), text)
  return { admin: admin.href, of, run, runOn, runAs, giveRights }
}
