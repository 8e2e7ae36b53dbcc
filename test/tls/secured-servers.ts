import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Authority } from '../../fixtures/certificates.ts'
import { openAuthority } from '../../fixtures/certificates.ts'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { openPostgresServer } from '../../src/services/postgres-server.ts'
import type { AtEnd } from '../e2e/engine.ts'
import { temporaryFolder } from '../services/folder.ts'

/** An authority that goes at the end. */
export function openAuthorityFor(atEnd: AtEnd): Authority {
  const authority = openAuthority()
  atEnd(async () => authority.remove())
  return authority
}

/** What makes a Redis speak TLS on this port, and no plain text where it is the only one. */
export function redisTls({ file }: Authority, tlsPort: number, { cert, key }: Certificate) {
  return {
    'tls-port': String(tlsPort),
    'tls-cert-file': cert,
    'tls-key-file': key,
    'tls-ca-cert-file': file,
    'tls-auth-clients': 'no',
  }
}

type Certificate = ReturnType<Authority['certify']>

export type SecuredPostgres = Awaited<ReturnType<typeof openSecuredPostgres>>

/** A Postgres that takes nobody without TLS. */
export async function openSecuredPostgres(certificate: Certificate, atEnd: AtEnd) {
  const folder = temporaryFolder((remove) => atEnd(async () => remove()))
  const server = await openPostgresServer(folder, () => {})
  atEnd(() => server.stop())
  const data = join(folder, 'postgres')
  const { uid, gid } = statSync(data)

  function install(files: Certificate): void {
    for (const [name, from] of Object.entries(files)) {
      const file = join(data, `${name}.pem`)
      writeFileSync(file, readFileSync(from), { mode: 0o600 })
      chownSync(file, uid, gid)
    }
  }
  async function run(address: string, ...statements: string[]): Promise<void> {
    const orm = openOrm(address, { poolMax: 1 })
    try {
      for (const statement of statements) await sql.raw(statement).execute(databaseOf(orm))
    } finally {
      await orm.close()
    }
  }

  install(certificate)
  const rules = join(data, 'pg_hba.conf')
  writeFileSync(rules, readFileSync(rules, 'utf8').replaceAll(/^host\b/gm, 'hostssl'))
  await run(
    server.url,
    "alter system set ssl_cert_file = 'cert.pem'",
    "alter system set ssl_key_file = 'key.pem'",
    'alter system set ssl = on',
    'select pg_reload_conf()',
  )
  const url = server.url.replace('127.0.0.1', 'localhost')
  return {
    /** Its address by the name `localhost`, without a word of TLS. */
    url,
    /** Has it show another certificate to whoever connects from a moment later on. */
    async present(another: Certificate) {
      install(another)
      await run(`${url}?sslmode=verify-full`, 'select pg_reload_conf()')
    },
  }
}
