import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { withRedis } from '../../src/services/redis-connection.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'
import { temporaryFolder } from './folder.ts'

async function serve(folder: string, lines: string[] = []) {
  const server = await openRedisServer(folder, (line) => lines.push(line))
  onTestFinished(() => server.stop())
  return server
}

function appendOnlyFile(folder: string): string {
  const files = join(folder, 'redis', 'appendonlydir')
  const name = readdirSync(files).filter((file) => file.endsWith('.incr.aof'))
  return join(files, name.at(-1) as string)
}

const both = "redis.call('set', 'stock', 9) redis.call('set', 'order', 1)"

it('cuts off a torn script wherever it was torn, and loses nothing that is written later', async () => {
  const folder = temporaryFolder()
  let server = await serve(folder)
  await withRedis(server.url, (redis) => redis.set('stock', 10))
  await server.stop()
  const wholeBytes = statSync(appendOnlyFile(folder)).size
  server = await serve(folder)
  await withRedis(server.url, (redis) => redis.eval(both, 0))
  await server.stop()
  const file = appendOnlyFile(folder)
  const content = readFileSync(file)

  for (const keptBytes of [1, 20, 40, 60, content.length - wholeBytes - 1]) {
    writeFileSync(file, content)
    truncateSync(file, wholeBytes + keptBytes)
    const lines: string[] = []
    server = await serve(folder, lines)
    expect(lines.join()).toContain('ended in a torn write, which was never answered')
    expect(await withRedis(server.url, (redis) => redis.mget('stock', 'order'))).toEqual([
      '10',
      null,
    ])
    await withRedis(server.url, (redis) => redis.set('later', keptBytes))
    await server.stop()

    server = await serve(folder)
    const values = await withRedis(server.url, (redis) => redis.mget('stock', 'order', 'later'))
    expect(values).toEqual(['10', null, String(keptBytes)])
    await server.stop()
  }
})

it('does not serve a file that is damaged far from its end', async () => {
  const folder = temporaryFolder()
  const server = await serve(folder)
  await withRedis(server.url, async (redis) => {
    for (let order = 0; order < 20; order++)
      await redis.set(`order ${order}`, 'x'.repeat(1_000_000))
  })
  await server.stop()
  const file = appendOnlyFile(folder)
  const content = readFileSync(file)
  content.fill('?', 0, 10)
  writeFileSync(file, content)

  await expect(serve(folder)).rejects.toThrow('is damaged, and not only at its end')
  expect(statSync(file).size).toBe(content.length)
})
