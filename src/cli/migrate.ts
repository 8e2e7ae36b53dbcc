import { show } from './answer.ts'
import { command } from './command.ts'

export function migrateCommand() {
  return command('migrate', {
    summary: 'Bring Postgres to the newest schema',
    details: 'API and workers do so too when they start; this is for a step of its own before.',
    examples: ['migrate'],
  }).action(async (options) => {
    const [{ migrate }, { withServices }] = await Promise.all([
      import('../db/migrate.ts'),
      import('./stores.ts'),
    ])
    const migrations = await withServices(({ databaseUrl }) => migrate(databaseUrl))
    show({ migrations }, options, () =>
      migrations.length === 0 ? 'The schema is the newest one.' : migrations.join('\n'),
    )
  })
}
