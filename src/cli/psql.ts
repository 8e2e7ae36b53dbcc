import { spawn } from 'node:child_process'
import { loadConfig } from '../config.ts'
import { exitCodes, show } from './answer.ts'
import { command, wrongUsage } from './command.ts'

const packages = 'as root, apt-get install postgresql-client; or brew install libpq'

export function psqlCommand() {
  return command('psql', {
    summary: 'Look into the Postgres of this configuration with psql',
    details:
      "The session only reads: rows are the engine's to write. It needs the program psql. With --json it opens " +
      'nothing and prints the address, password included, for other programs.',
    examples: [
      'psql',
      'psql "select id, status, final_amount from orders order by id desc limit 5"',
      'psql --json',
    ],
  })
    .argument('[sql]', 'one statement to run instead of a session')
    .action(async (sql, options, self) => {
      if (options.json && sql !== undefined) {
        throw wrongUsage(self, '--json prints the address and runs no statement')
      }
      await withDatabase(async (url) => {
        if (options.json) return show({ url }, options, String)
        const code = await runPsql(url, sql)
        process.exitCode = code === 0 ? exitCodes.done : exitCodes.failed
      })
    })
}

/** Keeps an embedded Postgres up for as long as the task takes. */
async function withDatabase(task: (url: string) => Promise<void>): Promise<void> {
  const config = loadConfig()
  if (config.DATABASE_URL) return task(config.DATABASE_URL)
  const [{ expectRunning }, { resolveServices }] = await Promise.all([
    import('./stores.ts'),
    import('../services/services.ts'),
  ])
  await expectRunning(config)
  const services = await resolveServices(config)
  try {
    await task(services.databaseUrl)
  } finally {
    await services.release()
  }
}

/** @returns its exit code. */
function runPsql(address: string, sql: string | undefined): Promise<number> {
  const url = new URL(address)
  const password = decodeURIComponent(url.password)
  // Everybody on the machine can read an argument.
  url.password = ''
  // The authority that Node was told of; psql by itself looks for one in the home of its user.
  const { PGOPTIONS = '', NODE_EXTRA_CA_CERTS: authority, PGSSLROOTCERT } = process.env
  const args = ['--dbname', url.href, ...(sql === undefined ? [] : ['--command', sql])]
  const child = spawn('psql', args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(password && { PGPASSWORD: password }),
      ...(authority && { PGSSLROOTCERT: PGSSLROOTCERT ?? authority }),
      PGOPTIONS: `${PGOPTIONS} -c default_transaction_read_only=on`.trim(),
    },
  })
  // Ctrl-C reaches psql by itself, and ends a statement there, not the session.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`psql is missing: ${packages}.`) : error),
    )
    child.on('exit', (code) => resolve(code ?? exitCodes.failed))
  })
}
