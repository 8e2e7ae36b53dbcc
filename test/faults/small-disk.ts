import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether this process may mount a file system, which is what it takes to fill one without harm to others. */
export const canMount = tryToMount()

function tryToMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-mount-'))
  try {
    mount(folder, 1_048_576)
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function mount(folder: string, bytes: number): void {
  const options = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', folder]
  execFileSync('mount', options, { stdio: 'ignore' })
}

/** Makes a folder that is a small disk of its own until the end of the test. */
export function mountSmallDisk(folder: string, megabytes: number) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  mount(folder, megabytes * 1_048_576)
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  const filler = join(folder, 'filler')
  return {
    /** Takes all room but this. */
    fill(freeBytes: number) {
      rmSync(filler, { force: true })
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(filler, Buffer.alloc(bavail * bsize - freeBytes))
    },
    empty: () => rmSync(filler, { force: true }),
  }
}
