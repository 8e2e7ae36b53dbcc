import { describe, expect, it } from 'vitest'
import { parseRedisAddress } from './address.ts'

describe('the address of Redis', () => {
  it('is one server', () => {
    for (const url of [
      'redis://localhost',
      'redis://:pass@host:6380/2',
      'rediss://u:p@[::1]:6379',
    ]) {
      expect(parseRedisAddress(url)).toEqual({ kind: 'server', url })
    }
  })

  it('is a Redis Cluster, with a percent-encoded password and TLS', () => {
    expect(parseRedisAddress('redis+cluster://one:7000,two,[::1]:7002')).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'one', port: 7000 },
        { host: 'two', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      access: {},
    })
    expect(parseRedisAddress('rediss+cluster://app:p%40s%2Cs@one:7000')).toMatchObject({
      nodes: [{ host: 'one', port: 7000 }],
      access: { username: 'app', password: 'p@s,s', tls: {} },
    })
  })

  it('is the name of a primary and its sentinels', () => {
    expect(parseRedisAddress('redis+sentinel://:pass@one,two:26380/sale')).toEqual({
      kind: 'sentinel',
      options: {
        password: 'pass',
        name: 'sale',
        sentinels: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 26380 },
        ],
      },
    })
    expect(parseRedisAddress('rediss+sentinel://one/sale?sentinelPassword=p%26q')).toMatchObject({
      options: {
        sentinelPassword: 'p&q',
        tls: {},
        sentinelTLS: {},
        enableTLSForSentinelMode: true,
      },
    })
  })

  it.each([
    ['http://host', 'must be redis://'],
    ['redis://', 'must be redis://'],
    ['redis://host/sale', 'must be redis://'],
    ['redis://one:7000,two:7000', 'begin it with redis+cluster://'],
    ['redis+cluster://', 'must be redis://'],
    ['redis+cluster://one:7000/3', 'a Redis Cluster has no databases'],
    ['redis+cluster://one:port', 'one of its hosts is no host:port'],
    ['redis+cluster://one:70000', 'one of its hosts is no host:port'],
    ['redis+cluster://user:forgotten-at', 'one of its hosts is no host:port'],
    ['redis+cluster://one,,two', 'one of its hosts is no host:port'],
    ['redis+cluster://pass@one:7000', 'a user without a password'],
    ['redis+sentinel://one:26379', 'the name of the primary is missing'],
    ['redis+proxy://one:26379', 'must be redis://'],
  ])('is not %s', (text, reason) => {
    expect(() => parseRedisAddress(text)).toThrow(reason)
  })
})
