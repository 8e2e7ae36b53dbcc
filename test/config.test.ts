import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { configShape, isPrivate, loadConfig } from '../src/config.ts'

describe('.env.example', () => {
  const text = readFileSync(join(import.meta.dirname, '../.env.example'), 'utf8')
  const listed = parseEnv(text.replaceAll(/^# (?=[A-Z_]+=)/gm, ''))

  it('lists every variable of the configuration, and no other', () => {
    expect(Object.keys(listed).sort()).toEqual(Object.keys(configShape.shape).sort())
  })

  it('shows the defaults', () => {
    expect(loadConfig(listed)).toEqual(loadConfig({}))
  })
})

describe('the configuration', () => {
  it('reports every problem at once', () => {
    const wrong = {
      PORT: '70000',
      ORDER_HOLD_MS: 'soon',
      REDIS_URL: 'http://example.org',
      DATABASE_URL: 'postgresql://localhost/stampede',
      JWT_SECRET: 'short',
    }
    const problems = messageOf(() => loadConfig(wrong)).match(/^ {2}[A-Z_]+/gm)
    expect(problems).toEqual(['  PORT', '  REDIS_URL', '  ORDER_HOLD_MS', '  JWT_SECRET'])
  })

  it('accepts a short secret only where a person plays alone', () => {
    expect(loadConfig({ JWT_SECRET: 'short' }).JWT_SECRET).toBe('short')
    expect(() => loadConfig({ JWT_SECRET: 'short', REDIS_URL: 'redis://localhost' })).toThrow(
      'JWT_SECRET: must have at least 32 characters with REDIS_URL or DATABASE_URL',
    )
    expect(() => loadConfig({ JWT_SECRET: 'short', HOST: '0.0.0.0' })).toThrow(
      'JWT_SECRET: must have at least 32 characters',
    )
    // A problem elsewhere makes no second one of it.
    expect(messageOf(() => loadConfig({ JWT_SECRET: 'short', PORT: 'x' }))).not.toMatch(
      'JWT_SECRET',
    )
  })

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ PORT: '' }).PORT).toBe(3000)
  })

  it('takes no operator password that is quickly guessed', () => {
    const short = { OPERATOR_PASSWORD: 'fifteen letters' }
    expect(() => loadConfig(short)).toThrow('OPERATOR_PASSWORD')
    expect(loadConfig({ OPERATOR_PASSWORD: 'sixteen  letters' })).toBeTruthy()
  })

  it('takes exact origins alone for those whose pages may use the API', () => {
    const of = (CORS_ORIGINS: string) => loadConfig({ CORS_ORIGINS }).CORS_ORIGINS
    const listed = ['https://shop.example.org', 'http://localhost:5173']
    expect(of(listed.join(', '))).toEqual(listed)
    expect(of('')).toEqual([])
    for (const wrong of [
      '*',
      'null',
      'https://*.example.org',
      'https://shop.example.org/',
      'https://shop.example.org:443',
      'https://Shop.example.org',
      'shop.example.org',
      'https://shop.example.org,',
    ]) {
      expect(() => of(wrong)).toThrow('must be origins like https://shop.example.org')
    }
  })

  it('takes TLS to Postgres for all of it, and no word by which it would be left out', () => {
    const of = (query: string) =>
      loadConfig({ DATABASE_URL: `postgresql://u:p@host:5432/shop?${query}` }).DATABASE_URL
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const given = of(`sslmode=${mode}&sslrootcert=/ca.pem`)
      expect(given).toBe('postgresql://u:p@host:5432/shop?sslmode=verify-full&sslrootcert=/ca.pem')
    }
    expect(of('sslmode=disable')).toContain('sslmode=disable')
    for (const mode of ['allow', 'prefer', 'no-verify', 'verify_full', 'Verify-Full']) {
      expect(() => of(`sslmode=${mode}`)).toThrow('must say sslmode=verify-full for TLS')
    }
    expect(() => of('ssl=true')).toThrow('write sslmode=verify-full')
    for (const address of ['10.0.0.7', '[::1]', 'host?host=10.0.0.7']) {
      const query = `${address.includes('?') ? '&' : '?'}sslmode=require`
      const DATABASE_URL = `postgresql://${address}${query}`
      expect(() => loadConfig({ DATABASE_URL })).toThrow('must name the host')
    }
  })

  it('is private only on servers of its own, reachable from this machine only', () => {
    expect(isPrivate(loadConfig({}))).toBe(true)
    expect(isPrivate(loadConfig({ HOST: '0.0.0.0' }))).toBe(false)
    const DATABASE_URL = 'postgresql://localhost/stampede'
    expect(isPrivate(loadConfig({ DATABASE_URL }))).toBe(false)
    expect(isPrivate(loadConfig({ REDIS_URL: 'redis://localhost' }))).toBe(false)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })
})

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}
