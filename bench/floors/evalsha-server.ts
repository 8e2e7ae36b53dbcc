import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { Redis } from 'ioredis'
import { limits } from '../../src/limits.ts'
import { shopKeys } from '../../src/redis/keys.ts'
import { composeScript } from '../../src/redis/scripts.ts'

/**
 * The floor of a decision over HTTP: `node:http`, and one EVALSHA of the engine's own script per request. Nobody is
 * identified, nothing is validated, and the answer says only whether it was accepted. Commands are in the address:
 * `/<shop>/<decision>/<argument>/…`.
 */
const script = composeScript('decide')
const digest = createHash('sha1').update(script).digest('hex')
const settings = [limits.backlogEventsMax, 600_000, limits.reapedHoldsMax].map(String)

const redis = new Redis(process.env.REDIS_URL as string)
await redis.script('LOAD', script)

const server = createServer(async (request, response) => {
  const [shop = '', name = '', ...values] = (request.url as string).slice(1).split('/')
  const keys = shopKeys(shop)
  try {
    const args = [...settings, '0', '', '', name, String(values.length), ...values]
    const replies = (await redis.evalsha(digest, keys.length, ...keys, ...args)) as unknown[]
    // The reply to the only command is the last.
    const [status] = replies.at(-1) as [string]
    const isAccepted = status === 'claimed' || status === 'placed'
    answer(response, isAccepted ? 201 : 409, status)
  } catch (error) {
    answer(response, 500, String(error))
  }
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('listening\n'))

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
