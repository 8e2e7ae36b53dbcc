import { tmpdir } from 'node:os'
import { type AtEnd, jwtSecret, program, runCommand } from '../e2e/engine.ts'
import { redisUrl } from '../support/redis.ts'

/** Ways to call the program as people and machines do, with this environment alone. */
export function commandLine(settings: Record<string, string>, atEnd?: AtEnd) {
  const run = (...args: string[]) => runCommand([...program, ...args], settings, atEnd)
  return {
    run,
    /** Runs a line of a shell in which `stampede` is the program. */
    shell: (line: string) => {
      const define = `stampede() { ${program.map((word) => `'${word}'`).join(' ')} "$@"; }`
      return runCommand(['bash', '-c', `set -o pipefail; ${define}; ${line}`], settings, atEnd)
    },
    /** The one object of `--json`, and how it ended. Anything else on standard output is an error. */
    async json(...args: string[]) {
      const { code, stdout, stderr } = await run(...args, '--json')
      // biome-ignore lint/suspicious/noExplicitAny: the tests check what is in it.
      return { code, body: JSON.parse(stdout) as any, stderr }
    },
  }
}

/** The same for what goes past the engine, to the Redis of the tests and to this database. */
export function storesCommandLine(databaseUrl: string) {
  const urls = { REDIS_URL: redisUrl(), DATABASE_URL: databaseUrl }
  return commandLine({ DATA_DIR: tmpdir(), JWT_SECRET: jwtSecret, ...urls })
}
