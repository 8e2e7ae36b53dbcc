import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { RedisClient } from '../../src/redis/client.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { scanHash } from '../../src/verify/mirror.ts'
import { runStatements } from '../alternative/schema.ts'
import type { Stage } from '../stage.ts'

/** What a rebuild reads rows of, in a shop that has no orders. */
const tables = ['coupons', 'user_coupons', 'balances', 'products', 'product_options']
/** And what it writes fields of. */
const hashes = ['coupons', 'claims', 'balances', 'products', 'options'] as const
const fieldsPerCommand = 100
const marker = 'everything before this was done'

/**
 * The floor of a rebuild, in seconds: binary COPY of a shop's rows into files of the server, and HSET of its fields in
 * commands that were encoded before; then the same rows once more and every field read, because a rebuild proves what
 * it wrote. Postgres and Redis work side by side, nothing is made of what they say, and nothing is compared.
 */
export async function moveShop(
  { databaseUrl, redisUrl, redis, folder }: Stage,
  shop: string,
): Promise<number> {
  const target = (name: string) => `floor:${name}`
  const writes: string[][] = []
  for (const name of hashes) {
    for (const fields of await readHash(redis, shopKey(shop, name))) {
      writes.push(['HSET', target(name), ...fields])
    }
  }
  const encodedWrites = encode(writes)
  const encodedReads = encode(hashes.map((name) => ['HGETALL', target(name)]))
  const copyOut = () =>
    runStatements(
      databaseUrl,
      tables.map((table) => {
        const file = join(folder, 'postgres', `bench-${table}.copy`)
        return `copy (select * from ${table} where shop = '${shop}') to '${file}' (format binary)`
      }),
    )
  const { hostname, port, password } = new URL(redisUrl)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  await exchange(socket, encode([['AUTH', password]]))
  const startedAt = performance.now()
  await Promise.all([copyOut(), exchange(socket, encodedWrites)])
  await Promise.all([copyOut(), exchange(socket, encodedReads)])
  const seconds = (performance.now() - startedAt) / 1_000
  socket.destroy()
  await redis.unlink(...hashes.map(target))
  return seconds
}

async function readHash(redis: RedisClient, key: string): Promise<string[][]> {
  const parts: string[][] = []
  let part: string[] = []
  for await (const fields of scanHash(redis, key)) {
    for (const field of fields) {
      part.push(...field)
      if (part.length < 2 * fieldsPerCommand) continue
      parts.push(part)
      part = []
    }
  }
  return part.length > 0 ? [...parts, part] : parts
}

/** Commands as Redis takes them, and one behind them whose reply tells that they are done. */
function encode(commands: string[][]): Buffer {
  const parts = [...commands, ['ECHO', marker]].map((words) => {
    const texts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    return Buffer.from(`*${words.length}\r\n${texts.join('')}`)
  })
  return Buffer.concat(parts)
}

/** Sends commands, and resolves when the reply to the last of them has come. */
async function exchange(socket: Socket, commands: Buffer): Promise<void> {
  const isDone = new Promise<void>((resolve) => {
    let tail = ''
    const look = (chunk: Buffer) => {
      tail = (tail + chunk.subarray(-marker.length - 2).toString('latin1')).slice(
        -marker.length - 2,
      )
      if (tail !== `${marker}\r\n`) return
      socket.off('data', look)
      resolve()
    }
    socket.on('data', look)
  })
  socket.write(commands)
  await isDone
}
