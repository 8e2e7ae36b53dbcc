import type { Config } from '../config.ts'
import { type EmbeddedName, openEmbeddedServers } from './embedded-servers.ts'
import { findJwtSecret } from './jwt-secret.ts'
import { knownHoleOf } from './known-holes.ts'
import { inspectRedis } from './redis-check.ts'

export type Services = {
  redisUrl: string
  databaseUrl: string
  /** Secret of HS256 tokens; undefined where only the keys of JWKS_URL count. */
  jwtSecret: string | undefined
  /** Lines for people: what was found or started. */
  describe: string[]
  /** Starts an embedded server again when it ends, until the release. One process per data folder is enough. */
  watch(report: (line: string) => void): void
  /** Stops the embedded servers where no other process uses them. May be called again. */
  release(): Promise<void>
}

/**
 * Finds or starts the Redis and the Postgres of this configuration: given ones are checked, embedded ones live in
 * DATA_DIR and are shared by all processes on that folder.
 *
 * @param report gets lines for people while something takes time or needs attention.
 * @throws Error that says in a few words what to do.
 */
export async function resolveServices(
  config: Config,
  report: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Services> {
  const jwtSecret = findJwtSecret(config)
  if (config.REDIS_URL) await checkGivenRedis(config.REDIS_URL, config, report)
  const missing: EmbeddedName[] = []
  if (!config.REDIS_URL) missing.push('redis')
  if (!config.DATABASE_URL) missing.push('postgres')
  const embedded =
    missing.length > 0 ? await openEmbeddedServers(config.DATA_DIR, missing, report) : null

  const describe = [
    embedded?.redis?.description ?? 'Redis of REDIS_URL',
    embedded?.postgres?.description ?? 'Postgres of DATABASE_URL',
  ]
  if (embedded) describe.push(`Data in ${embedded.folder}`)
  if (jwtSecret && !config.JWT_SECRET) {
    describe.push(
      'Tokens are signed with a secret made for this folder; set JWT_SECRET to use yours',
    )
  }
  return {
    redisUrl: config.REDIS_URL ?? embedded?.redis?.url ?? '',
    databaseUrl: config.DATABASE_URL ?? embedded?.postgres?.url ?? '',
    jwtSecret,
    describe,
    watch: (tell) => embedded?.watch(tell),
    release: async () => embedded?.release(),
  }
}

async function checkGivenRedis(
  url: string,
  { REPLICA_ACKS, ALLOW_UNSAFE_REDIS }: Config,
  report: (line: string) => void,
): Promise<void> {
  const found = await inspectRedis(url, REPLICA_ACKS).catch((error: Error) => {
    throw new Error(`The Redis of REDIS_URL cannot be used: ${error.message}`)
  })
  for (const line of found.advice) report(line)
  const hole = knownHoleOf(found.name)
  if (hole?.isCertain) report(`${hole.advice}.`)
  if (!found.readable) {
    report(
      `${found.name} does not show its settings: make sure that it writes every change to disk before it answers. ` +
        'Its version, its replicas and that it does not evict could be checked.',
    )
  }
  if (found.unsafe.length === 0) return
  const problems = `The Redis of REDIS_URL may lose accepted orders: ${found.unsafe.join('; ')}.`
  if (!ALLOW_UNSAFE_REDIS)
    throw new Error(`${problems} Set ALLOW_UNSAFE_REDIS=true to use it all the same.`)
  report(`${problems} It is used all the same, as ALLOW_UNSAFE_REDIS says.`)
}
