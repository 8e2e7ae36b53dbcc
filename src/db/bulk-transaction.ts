import type { MikroORM } from '@mikro-orm/postgresql'

/** A transaction on a connection of its own, for many rows at a time: the ORM and Kysely know no COPY. */
export type BulkTransaction = {
  /** Executes a statement with bound values and gives the number of rows that it changed. */
  run(text: string, values: readonly (string | number | null)[]): Promise<number>
  /** Reads rows as they are at this statement. */
  read<Row>(text: string, values: readonly (string | number | null)[]): Promise<Row[]>
  /**
   * Appends rows to a table, at less than half the cost of an insert: no executor, one write of the log for a page of
   * rows.
   *
   * @param target the table and its columns, e.g. `orders (shop, id)`.
   * @param lines the rows in COPY's text format, each with a line feed behind it.
   */
  append(target: string, lines: string): Promise<void>
}

/**
 * Rows are found by their keys, one by one: of a table of some ten thousand rows the planner would rather read every
 * row, for each thousand that a batch changes.
 */
const begin = `begin;
  set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off`

/** What of the driver's connection is used here. */
type Client = {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rowCount: number | null; rows: unknown[] }>
  query(query: Copy): void
  release(error?: unknown): void
}

/**
 * Runs the work in one transaction of the ORM's pool and gives the connection back whatever happens: where it cannot
 * be rolled back it is closed.
 */
export async function inBulkTransaction<Value>(
  orm: MikroORM,
  work: (transaction: BulkTransaction) => Promise<Value>,
): Promise<Value> {
  const pool = await orm.em.getConnection().getNativeClient()
  const client: Client = await pool.connect()
  try {
    await client.query(begin)
    const value = await work({
      run: async (text, values) => (await client.query(text, values)).rowCount ?? 0,
      read: async <Row>(text: string, values: readonly (string | number | null)[]) =>
        (await client.query(text, values)).rows as Row[],
      append: (target, lines) => copy(client, `copy ${target} from stdin`, Buffer.from(lines)),
    })
    await client.query('commit')
    client.release()
    return value
  } catch (error) {
    const failure = await client.query('rollback').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    client.release(failure)
    throw error
  }
}

function copy(client: Client, text: string, data: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new Copy(text, data, (error) => (error ? reject(error) : resolve())))
  })
}

/** The driver's side of COPY FROM STDIN: what its own queries do, but for the data that the server asks for. */
class Copy {
  readonly text: string
  readonly data: Buffer
  /** The driver wraps it in its time limit. */
  callback: (error: Error | null) => void

  constructor(text: string, data: Buffer, callback: (error: Error | null) => void) {
    this.text = text
    this.data = data
    this.callback = callback
  }

  submit(connection: { query(text: string): void }): void {
    connection.query(this.text)
  }

  handleCopyInResponse(connection: {
    sendCopyFromChunk(chunk: Buffer): void
    endCopyFrom(): void
  }): void {
    connection.sendCopyFromChunk(this.data)
    connection.endCopyFrom()
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback(null)
  }

  handleError(error: Error): void {
    this.callback(error)
  }
}
