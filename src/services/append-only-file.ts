import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { limits } from '../limits.ts'
import { listFiles } from './disk-room.ts'
import { run } from './processes.ts'

/**
 * Checks the append-only file before Redis serves it, and cuts off a torn end.
 *
 * Redis loads a file whose last script block is torn (after a power cut or a full disk) by ignoring the open block,
 * but leaves its beginning in the file: what is written behind it is lost at the start after this one. Therefore
 * the torn block is removed first, and Redis itself is told to refuse a torn file (`aof-load-truncated no`).
 *
 * @throws Error where the files are damaged elsewhere than at their end, or do not belong together: serving them, or
 *   cutting there, would lose accepted orders.
 */
export async function repairAppendOnlyFile(
  redisFolder: string,
  report: (line: string) => void,
): Promise<void> {
  removeUnfinishedRewrites(redisFolder)
  const manifest = findManifest(redisFolder)
  if (manifest === null) return
  const damaged = (what: string) =>
    new Error(
      `${what} Restore ${redisFolder} from a copy, or look at it with redis-check-aof ${manifest}`,
    )
  const unlisted = findUnlisted(manifest)
  if (unlisted) throw damaged(`${manifest} does not name ${unlisted}, which holds decisions.`)
  const checked = await check([manifest])
  if (checked === null) {
    report('Redis came without redis-check-aof: it will refuse to start on a torn file itself.')
    return
  }
  if (checked.code === 0) return

  const found = /filename=(\S+), size=\d+, ok_up_to=(\d+).*, diff=(\d+)/g
  const [, name = '', wholeBytes, diff] = [...checked.output.matchAll(found)].at(-1) ?? []
  const lostBytes = Number(diff ?? 0)
  const isShort = lostBytes > 0 && lostBytes <= limits.tornBytesMax
  const end = isShort && readEnd(join(dirname(manifest), name), Number(wholeBytes), lostBytes)
  if (!end || end.includes(blockEnd)) {
    throw damaged(`${manifest} is damaged, and not only at its end: ${checked.output.trim()}\n`)
  }
  const kept = join(redisFolder, `${name}.torn`)
  writeFileSync(kept, end, { mode: 0o600 })
  await check(['--fix', manifest], 'y\n')
  const again = await check([manifest])
  if (again?.code !== 0) {
    throw new Error(`${manifest} could not be repaired:\n${again?.output.trim()}`)
  }
  report(
    `${name} ended in a torn write, which was never answered: ${lostBytes} bytes were cut off and kept in ${kept}.`,
  )
}

/**
 * The last command of a script's block. A write that was torn has none behind the tear: where there is one, whole
 * blocks follow, which were answered.
 */
const blockEnd = '\r\n$4\r\nEXEC\r\n'

function readEnd(file: string, position: number, length: number): Buffer {
  const source = openSync(file, 'r')
  const end = Buffer.alloc(length)
  readSync(source, end, 0, length, position)
  closeSync(source)
  return end
}

/**
 * Removes what a rewrite of the file left that ended with its Redis. Nothing else ever removes it: after a rewrite that
 * filled the disk, the disk would stay full.
 */
function removeUnfinishedRewrites(redisFolder: string): void {
  const names = listFiles(redisFolder).filter((name) => /^temp-.*\.(aof|rdb)$/.test(name))
  for (const name of names) rmSync(join(redisFolder, name), { force: true })
}

/** The file that says which ones belong together; null where this Redis never ran. */
function findManifest(redisFolder: string): string | null {
  const folder = join(redisFolder, 'appendonlydir')
  const names = listFiles(folder)
  const name = names.find((file) => file.endsWith('.manifest') && !file.startsWith('temp'))
  if (name === undefined && names.some((file) => file.endsWith('.aof'))) {
    // Redis would begin anew, with nothing.
    throw new Error(`${folder} has lost its manifest. Restore ${redisFolder} from a copy.`)
  }
  return name === undefined ? null : join(folder, name)
}

/** A file of decisions that is newer than all that the manifest names: the manifest is older than the files. */
function findUnlisted(manifest: string): string | undefined {
  const folder = dirname(manifest)
  const listed = readFileSync(manifest, 'utf8')
  const numberOf = (name: string) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0)
  const newest = Math.max(
    0,
    ...[...listed.matchAll(/^file (\S+)/gm)].map(([, name]) => numberOf(name as string)),
  )
  return listFiles(folder).find(
    (name) => numberOf(name) > newest && statSync(join(folder, name)).size > 0,
  )
}

async function check(args: string[], input?: string) {
  return (await run('redis-check-aof', args, input)) ?? (await run('valkey-check-aof', args, input))
}
