import { getuid } from 'node:process'
import { withLock } from './data-folder.ts'
import { run } from './processes.ts'
import { redisMajorMin } from './server-check.ts'

/** The image of the server where only Docker is at hand. */
export const redisImage = 'redis:8.6.7-alpine'

export type RedisProgram =
  | { kind: 'binary'; command: string; version: string }
  | { kind: 'docker'; command: 'docker'; version: string }

/**
 * Finds a program that serves Redis: one on the PATH, then Docker, and at last installs one where that takes no
 * question: by apt as root, or by Homebrew.
 *
 * @throws Error that says in one line what to install.
 */
export async function findRedisProgram(report: (line: string) => void): Promise<RedisProgram> {
  const found = (await findBinary()) ?? (await findDocker())
  if (found) return found
  return withLock('the installation of Redis', async () => {
    const installed =
      (await findBinary()) ?? ((await installRedis(report)) ? await findBinary() : null)
    if (installed) return installed
    throw new Error(
      `No Redis ${redisMajorMin} or later found: install redis-server or valkey-server, ` +
        'start Docker, or set REDIS_URL.',
    )
  })
}

/** A redis-server or valkey-server on the PATH that is new enough, or null. */
export async function findBinary(): Promise<RedisProgram | null> {
  for (const command of ['redis-server', 'valkey-server']) {
    const answer = await run(command, ['--version'])
    const version = /\bv=(\d+[\d.]*)/.exec(answer?.output ?? '')?.[1]
    if (version && Number.parseInt(version, 10) >= redisMajorMin) {
      return { kind: 'binary', command, version }
    }
  }
  return null
}

/** A Docker engine that answers, or null: the client alone is no use. */
export async function findDocker(): Promise<RedisProgram | null> {
  const answer = await run('docker', ['version', '--format', '{{.Server.Version}}'])
  if (answer?.code !== 0) return null
  return { kind: 'docker', command: 'docker', version: answer.output.trim() }
}

async function installRedis(report: (line: string) => void): Promise<boolean> {
  if (getuid?.() === 0 && (await run('apt-get', ['--version'])) !== null) {
    report('Installing redis-server with apt-get ...')
    await run('apt-get', ['update', '-qq'])
    const installed = await run('env', [
      ...['DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-qq'],
      ...['--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'redis-server'],
    ])
    if (installed?.code !== 0) report(`apt-get failed:\n${installed?.output.trim()}`)
    // The package may start a server of its own on port 6379. Nobody asked for that one.
    await run('systemctl', ['disable', '--now', 'redis-server'])
    return installed?.code === 0
  }
  if (process.platform === 'darwin' && (await run('brew', ['--version'])) !== null) {
    report('Installing redis with Homebrew ...')
    return (await run('brew', ['install', '--quiet', 'redis']))?.code === 0
  }
  return false
}
