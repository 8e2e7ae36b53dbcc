import { readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../limits.ts'

/**
 * Refuses to start a server on a full disk. It would end at one of its next writes, again and again, and every start
 * reads all that it has.
 *
 * @throws Error that says how much room there is.
 */
export function requireRoom(folder: string, bytesMin: number): void {
  const bytes = freeBytes(folder)
  if (bytes >= bytesMin) return
  throw new Error(
    `The disk of ${folder} is full: ${megabytes(bytes)} are free, ${megabytes(bytesMin)} are needed to go on.`,
  )
}

/**
 * Whether a rewrite of the append-only file fits on the disk. The old and the new file exist at once, the new one is
 * not larger than the old one, and what is written meanwhile goes to a third.
 */
export function hasRoomToRewrite(redisFolder: string): boolean {
  const folder = join(redisFolder, 'appendonlydir')
  const sizes = listFiles(folder).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  )
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return freeBytes(redisFolder) >= bytes + limits.redisFreeBytesMin
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** The names in a folder; none where it does not exist. */
export function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MB`
}
