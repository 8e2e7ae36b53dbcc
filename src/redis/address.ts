import type { RedisOptions, SentinelConnectionOptions } from 'ioredis'

/** Where one server listens. */
export type ServerAddress = { host: string; port: number }

/** What a server asks of whoever connects. */
export type RedisAccess = Pick<RedisOptions, 'username' | 'password' | 'tls'>

/** Where Redis is: one server, the nodes to begin with of a Redis Cluster, or the sentinels that know the primary. */
export type RedisAddress =
  | { kind: 'server'; url: string }
  | { kind: 'cluster'; nodes: ServerAddress[]; access: RedisAccess }
  | { kind: 'sentinel'; options: SentinelConnectionOptions & RedisAccess }

const forms =
  'must be redis://[user:password@]host:port[/database], ' +
  'redis+cluster://[user:password@]host:port,host:port or ' +
  'redis+sentinel://[user:password@]host:port,host:port/primary-name, with rediss for TLS'

const listForm = /^(rediss?)\+(cluster|sentinel):\/\/(?:(.*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/s

/**
 * Reads the address of Redis. Name and password are percent-encoded, as in every URL. Sentinels with a password of
 * their own take it from `?sentinelPassword=`.
 *
 * @throws Error that says what is wrong and which forms there are.
 */
export function parseRedisAddress(text: string): RedisAddress {
  if (/^rediss?:/.test(text)) return parseServer(text)
  const [, scheme, kind, login, hosts = '', path = '', query] = listForm.exec(text) ?? []
  if (!kind) throw new Error(forms)
  const access: RedisAccess = { ...parseLogin(login), ...(scheme === 'rediss' && { tls: {} }) }
  if (kind === 'cluster') {
    if (path) throw new Error(`a Redis Cluster has no databases: leave out /${path}`)
    if (query !== undefined) throw new Error(forms)
    return { kind, nodes: parseHosts(hosts, 6_379), access }
  }
  if (!path) throw new Error('the name of the primary is missing: end it with /primary-name')
  const sentinelPassword = new URLSearchParams(query).get('sentinelPassword')
  const options = {
    ...access,
    sentinels: parseHosts(hosts, 26_379),
    name: decodeURIComponent(path),
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(access.tls && { enableTLSForSentinelMode: true, sentinelTLS: access.tls }),
  }
  return { kind: 'sentinel', options }
}

function parseServer(url: string): RedisAddress {
  if (url.includes(',')) throw new Error('has several hosts: begin it with redis+cluster://')
  if (!URL.canParse(url)) throw new Error(forms)
  const { hostname, pathname } = new URL(url)
  if (!hostname || !/^\/?\d*$/.test(pathname)) throw new Error(forms)
  return { kind: 'server', url }
}

function parseLogin(login: string | undefined): RedisAccess {
  if (!login) return {}
  const colon = login.indexOf(':')
  if (colon < 0) throw new Error('has a user without a password: write user:password@')
  const username = decodeURIComponent(login.slice(0, colon))
  const password = decodeURIComponent(login.slice(colon + 1))
  return { ...(username && { username }), ...(password && { password }) }
}

function parseHosts(list: string, defaultPort: number): ServerAddress[] {
  return list.split(',').map((part) => {
    const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(part) ?? []
    const host = inBrackets ?? plain
    const number = Number(port ?? defaultPort)
    // What is wrong is not repeated: where an @ is missing, it is a password.
    if (!host || number < 1 || number > 65_535) throw new Error('one of its hosts is no host:port')
    return { host, port: number }
  })
}
