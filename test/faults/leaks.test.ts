import { describe, expect, it } from 'vitest'
import { commandLine } from '../cli/command-line.ts'
import { redisUrl } from '../support/redis.ts'
import { openMarkedSale, person } from './marked-sale.ts'

const { told, stored, problems, secrets } = await openMarkedSale()
const everywhere = { ...told, ...stored }

/** Where these texts are, as `what: where`. */
function found(texts: Record<string, string>, places: Record<string, string>): string[] {
  return Object.entries(texts).flatMap(([what, mark]) =>
    Object.entries(places)
      .filter(([, content]) => content.toLowerCase().includes(mark.toLowerCase()))
      .map(([where]) => `${what}: ${where}`),
  )
}

describe('what the engine tells while everything happens to a sale', () => {
  it('is something, wherever it is looked for', () => {
    for (const [where, content] of Object.entries(everywhere)) {
      expect(content.length, where).toBeGreaterThan(100)
    }
    expect(found(person, stored)).toEqual(
      expect.arrayContaining(['buyer: redis', 'buyer: postgres', 'email: postgres']),
    )
    expect(told['log of the API']).toContain('"level":20')
  })

  it('has no secret, and neither have the stores', () => {
    for (const [what, secret] of Object.entries(secrets)) {
      expect(secret.length, what).toBeGreaterThan(8)
    }
    expect(found(secrets, everywhere)).toEqual([])
  })

  it('names nobody in logs, metrics, traces, problems, jobs or arguments of processes', () => {
    expect(found(person, { ...told, jobs: stored.jobs })).toEqual([])
  })

  it('keeps names and addresses out of Redis', () => {
    const { name, email } = person
    expect(found({ name, email }, { redis: stored.redis })).toEqual([])
  })

  it('says nothing in a problem of what it is made of', () => {
    expect(new Set(problems.map(({ status }) => status))).toEqual(
      new Set([400, 401, 403, 404, 409, 500, 503]),
    )
    for (const { body, headers } of problems) {
      expect(Object.keys(body)).not.toContain('stack')
      expect(JSON.stringify(body)).not.toMatch(
        /\n\s+at |node_modules|\.(ts|js|lua)\b|127\.0\.0\.1|ECONN|redis|postgres|select |hono|bullmq|[0-9a-f]{40}/i,
      )
      for (const name of ['server', 'x-powered-by', 'via']) expect(headers.has(name)).toBe(false)
    }
  })
})

describe('a configuration that is wrong', () => {
  const password = 'marked-password'
  it.each<Record<string, string>>([
    { DATABASE_URL: `postgresql://me:${password}@host:port/shop` },
    { DATABASE_URL: `postgres:/me:${password}@host/shop` },
    { DATABASE_URL: `mysql://me:${password}@host/shop` },
    { DATABASE_URL: `postgresql://me:${password}@127.0.0.1:1/shop` },
    { REDIS_URL: `redis://me:${password}@127.0.0.1:1` },
    { REDIS_URL: `redis://me:${password}@host:port` },
    { REDIS_URL: `redis+cluster://me:${password}` },
    { REDIS_URL: `redis+cluster://me:${password}@127.0.0.1:1` },
    { REDIS_URL: `redis+cluster://${password}@127.0.0.1:1` },
    { REDIS_URL: `redis+sentinel://me:${password}@127.0.0.1:1` },
    { REDIS_URL: `redis+sentinel://127.0.0.1:1/primary?sentinelPassword=${password}` },
    { OPERATOR_PASSWORD: 'marked-passwor' },
    { JWT_SECRET: password, REDIS_URL: 'redis://127.0.0.1:1' },
    { JWKS_URL: `ftp://me:${password}@host/keys` },
    { STAMPEDE_URL: `https://me:${password}@host` },
  ])('is told without its passwords: %o', async (settings) => {
    const defaults = { REDIS_URL: redisUrl(), DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
    const given = { ...defaults, LOG_LEVEL: 'trace', ...settings }
    const { code, stdout, stderr } = await commandLine(given).run('verify')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/\w/)
    expect(stdout + stderr).not.toContain('marked-passwor')
  })
})
