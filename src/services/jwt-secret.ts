import { join } from 'node:path'
import type { Config } from '../config.ts'
import { keptSecret, openDataFolder } from './data-folder.ts'

/**
 * The secret of HS256 tokens: the configured one, else, while both servers are embedded, one that is made once
 * and kept in the data folder.
 *
 * @returns undefined where tokens are checked with the keys of JWKS_URL alone.
 * @throws Error where real servers are used without a configured secret.
 */
export function findJwtSecret(config: Config): string | undefined {
  if (config.JWT_SECRET) return config.JWT_SECRET
  if (config.JWKS_URL) return undefined
  if (config.REDIS_URL || config.DATABASE_URL) {
    throw new Error('JWT_SECRET (or JWKS_URL) is required with REDIS_URL or DATABASE_URL.')
  }
  return keptSecret(join(openDataFolder(config.DATA_DIR), 'jwt-secret'))
}
