import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

/**
 * A site of somebody else: an empty page without any policy at every address, but `/script.js`. Browsers take
 * `localhost` and `127.0.0.1` for two sites. Call it at the top of a test file.
 */
export async function openForeignSite() {
  /** What it was asked for. */
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url as string)
    const isScript = request.url === '/script.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? 'ran("a script of another site")' : '<!doctype html><title>evil</title>',
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => server.close())
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, asked }
}
