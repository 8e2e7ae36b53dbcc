import { ReadableStream as NodeStream } from 'node:stream/web'
import type { Context, TypedResponse } from 'hono'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { isUnavailable } from './problem.ts'
import { headersOf } from './reply.ts'

/**
 * Answers 201 with text that is made as fast as the client takes it, and no more of it where he goes away. Where making
 * it fails the connection is cut: an answer without its end must not look whole.
 */
export function replyCsv(
  c: Context<Environment>,
  log: Dependencies['log'],
  parts: AsyncGenerator<Uint8Array>,
  fileName: string,
): Response & TypedResponse<string, 201, string> {
  // The typed client brings this file to the pages, where the browser's types of a stream know nothing of `from`.
  const body = NodeStream.from(cutOnFailure(c, log, parts)) as unknown as ReadableStream
  return new Response(body, {
    status: 201,
    headers: headersOf(c, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${fileName}"`,
    }),
  }) as Response & TypedResponse<string, 201, string>
}

/** Not by an error of the stream: the server would print it, past the log. */
async function* cutOnFailure(
  c: Context<Environment>,
  log: Dependencies['log'],
  parts: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* parts
  } catch (error) {
    const details = { err: error, requestId: c.get('requestId') }
    if (isUnavailable(error)) log.debug(details, 'cut an answer off')
    else log.error(details, 'an answer failed')
    c.env.outgoing.destroy()
  }
}
