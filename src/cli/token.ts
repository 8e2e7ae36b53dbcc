import { parseArgs } from 'node:util'
import { createSigner } from 'fast-jwt'
import { loadConfig } from '../config.ts'
import { idPattern } from '../domain/ids.ts'
import { findJwtSecret } from '../services/jwt-secret.ts'

const usage = `npm run -s token -- --sub ID [--role user|admin] [--ttl 1h] [--shop main]

Prints a token (HS256) for the running configuration.
  --sub ID      whose token: the id of a user, or of whoever administers
  --role ROLE   user (default) or admin
  --ttl TIME    how long it is valid: a number with s, m, h or d (default 1h)
  --shop SHOP   the shop it acts in (default main)`

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

try {
  const { values: flags } = parseArgs({
    options: {
      sub: { type: 'string' },
      role: { type: 'string', default: 'user' },
      ttl: { type: 'string', default: '1h' },
      shop: { type: 'string', default: 'main' },
      help: { type: 'boolean', default: false },
    },
  })
  process.stdout.write(`${flags.help ? usage : printToken(flags)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
  process.exitCode = 1
}

function printToken(flags: { sub?: string; role: string; ttl: string; shop: string }): string {
  const { sub, role, ttl, shop } = flags
  if (!sub || !idPattern.test(sub)) throw new Error(`--sub must match ${idPattern.source}`)
  if (!idPattern.test(shop)) throw new Error(`--shop must match ${idPattern.source}`)
  if (role !== 'user' && role !== 'admin') throw new Error('--role must be user or admin')
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(ttl) ?? []
  if (!count || !unit) throw new Error('--ttl must be a number with s, m, h or d, e.g. 30m')
  const key = findJwtSecret(loadConfig())
  if (key === undefined) {
    throw new Error(
      'This configuration knows no secret: whoever runs JWKS_URL gives out the tokens.',
    )
  }
  const expiresIn = Number(count) * unitMs[unit as keyof typeof unitMs]
  return createSigner({ key, algorithm: 'HS256', expiresIn })({ sub, role, shop })
}
