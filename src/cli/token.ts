import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { loadConfig } from '../config.ts'
import { openTokenSigner } from '../services/token-signer.ts'
import { show } from './answer.ts'
import { command, id } from './command.ts'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export function tokenCommand() {
  return command('token', {
    summary: 'Print a token (HS256) for the engine of this configuration',
    examples: ['token --sub alice', 'token --sub boss --role admin --ttl 30m --shop outlet'],
  })
    .requiredOption('--sub <id>', 'whose token: the id of a user, or of whoever administers', id)
    .addOption(
      new Option('--role <role>', 'what it allows')
        .choices(['user', 'admin'] as const)
        .default('user' as const),
    )
    .option('--ttl <time>', 'how long it is valid: a number with s, m, h or d (default: 1h)', ttl)
    .option('--shop <name>', 'the shop it acts in (default: main)', id)
    .action((options) => {
      const { sub, role, shop = 'main', ttl: ttlMs = unitMs.h } = options
      const token = openTokenSigner(loadConfig(), ttlMs)({ sub, role, shop })
      show({ token }, options, () => token)
    })
}

function ttl(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? []
  if (!count || !unit) throw new InvalidArgumentError('It must be a number with s, m, h or d.')
  return Number(count) * unitMs[unit as keyof typeof unitMs]
}
