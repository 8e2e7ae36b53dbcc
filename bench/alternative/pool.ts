import { createRequire } from 'node:module'

/** A pool of connections of node-postgres, as far as it is used here. */
export type Pool = {
  /** A statement with a name is prepared once per connection. */
  query<Row>(statement: {
    name?: string
    text: string
    values?: unknown[]
  }): Promise<{ rows: Row[] }>
  end(): Promise<void>
}

/** Opens the pool of the driver that came with MikroORM: it is not a dependency of this project. */
export function openPool(connectionString: string, max: number): Pool {
  const require = createRequire(createRequire(import.meta.url).resolve('@mikro-orm/postgresql'))
  const { Pool } = require('pg') as {
    Pool: new (options: { connectionString: string; max: number; options: string }) => Pool
  }
  return new Pool({ connectionString, max, options: '-c TimeZone=UTC' })
}
