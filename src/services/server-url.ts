import type { Config } from '../config.ts'

/** Where a client on this machine reaches the server of this configuration. */
export function serverUrl({ HOST, PORT }: Config): URL {
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${PORT}`)
}
