import { closeSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { limits } from '../limits.ts'
import { run } from './processes.ts'

/**
 * Checks the append-only file before Redis serves it, and cuts off a torn end.
 *
 * Redis loads a file whose last script block is torn (after a power cut or a full disk) by ignoring the open block,
 * but leaves its beginning in the file: what is written behind it is lost at the start after this one. Therefore
 * the torn block is removed first, and Redis itself is told to refuse a torn file (`aof-load-truncated no`).
 *
 * @throws Error where the file is damaged elsewhere than at its end: cutting there would lose accepted orders.
 */
export async function repairAppendOnlyFile(
  redisFolder: string,
  report: (line: string) => void,
): Promise<void> {
  const manifest = findManifest(redisFolder)
  if (manifest === null) return
  const checked = await check([manifest])
  if (checked === null) {
    report('Redis came without redis-check-aof: it will refuse to start on a torn file itself.')
    return
  }
  if (checked.code === 0) return

  const torn = /filename=(\S+), size=(\d+), ok_up_to=(\d+).*, diff=(\d+)/g
  const [, name = '', , wholeBytes, diff] = [...checked.output.matchAll(torn)].at(-1) ?? []
  const lostBytes = Number(diff ?? 0)
  if (lostBytes === 0 || lostBytes > limits.tornBytesMax) {
    throw new Error(
      `${manifest} is damaged, and not only at its end. Restore ${redisFolder} from a copy, or look at it with ` +
        `redis-check-aof. It said:\n${checked.output.trim()}`,
    )
  }
  const kept = join(redisFolder, `${name}.torn`)
  keepEnd(join(dirname(manifest), name), Number(wholeBytes), lostBytes, kept)
  await check(['--fix', manifest], 'y\n')
  const again = await check([manifest])
  if (again?.code !== 0) {
    throw new Error(`${manifest} could not be repaired:\n${again?.output.trim()}`)
  }
  report(
    `${name} ended in a torn write, which was never answered: ${lostBytes} bytes were cut off and kept in ${kept}.`,
  )
}

function keepEnd(file: string, position: number, length: number, copy: string): void {
  const source = openSync(file, 'r')
  const end = Buffer.alloc(length)
  readSync(source, end, 0, length, position)
  closeSync(source)
  writeFileSync(copy, end, { mode: 0o600 })
}

function findManifest(redisFolder: string): string | null {
  const folder = join(redisFolder, 'appendonlydir')
  try {
    const name = readdirSync(folder).find((file) => file.endsWith('.manifest'))
    return name ? join(folder, name) : null
  } catch {
    return null
  }
}

async function check(args: string[], input?: string) {
  return (await run('redis-check-aof', args, input)) ?? (await run('valkey-check-aof', args, input))
}
