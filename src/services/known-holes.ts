/**
 * The first release of each branch that mends CVE-2025-49844: until then, whoever may run a script can run code in the
 * server. Later branches never had it. Of Redis 7.0 there is none, but distributions mend it in theirs.
 */
const mended: Record<string, string[]> = {
  Redis: ['6.2.20', '7.2.11', '7.4.6', '8.0.4', '8.2.2'],
  Valkey: ['7.2.11', '8.0.6', '8.1.4'],
}

export type KnownHole = {
  /** For people: what it is, and what to do about it. */
  advice: string
  /** False where the version does not tell, because distributions mend it without another number. */
  isCertain: boolean
}

/**
 * What is known to be wrong with a release.
 *
 * @param server begins with its name and version, e.g. `Redis 7.2.4`.
 * @returns null where nothing is.
 */
export function knownHoleOf(server: string): KnownHole | null {
  const [named, name = '', version = ''] = /^(\w+) ([\d.]+)/.exec(server) ?? []
  const releases = mended[name] ?? []
  const ofBranch = releases.find((release) => branchOf(release) === branchOf(version))
  const hole = 'CVE-2025-49844, by which a script may run code in the server'
  if (ofBranch) {
    if (!isBefore(version, ofBranch)) return null
    return { advice: `${named} has ${hole}: take ${ofBranch} or later`, isCertain: true }
  }
  const next = releases.find((release) => isBefore(version, release))
  if (!next) return null
  const advice = `no release of ${name} ${branchOf(version)} mends ${hole}: ask your distribution, or take ${next}`
  return { advice: `${advice} or later`, isCertain: false }
}

const branchOf = (version: string) => version.split('.').slice(0, 2).join('.')

function isBefore(version: string, release: string): boolean {
  return version.localeCompare(release, 'en', { numeric: true }) < 0
}
