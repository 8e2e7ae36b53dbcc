import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from './processes.ts'

const image = 'grafana/k6:2.2.0'

/** What a k6 in a container must be given: folders and files at their own paths, and variables by name. */
export type K6Needs = { reads: string[]; writes: string[]; variables: string[] }

/**
 * How to call k6: a program, or a container that shares the network of this machine.
 *
 * @throws Error that says how to get it, where there is neither.
 */
export async function findK6(needs: K6Needs): Promise<[command: string, ...before: string[]]> {
  for (const command of ['k6', join(homedir(), 'go', 'bin', 'k6')]) {
    if ((await run(command, ['version']))?.code === 0) return [command]
  }
  if ((await run('docker', ['info']))?.code === 0) return ['docker', ...containerOf(needs)]
  throw new Error(
    'k6 is missing: install it (https://grafana.com/docs/k6/latest/set-up/install-k6), or start Docker.',
  )
}

function containerOf({ reads, writes, variables }: K6Needs): string[] {
  return [
    ...['run', '--rm', '--interactive', '--network', 'host'],
    // What it writes shall belong to whoever runs it.
    ...['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`],
    ...variables.flatMap((name) => ['--env', name]),
    ...reads.flatMap((path) => ['--volume', `${path}:${path}:ro`]),
    ...writes.flatMap((path) => ['--volume', `${path}:${path}`]),
    image,
  ]
}
