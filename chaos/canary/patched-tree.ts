import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One piece of text that is another one in the copy. */
export type Patch = { file: string; find: string; replace: string }

const copied = ['src', 'workers', 'lua', 'package.json']

/**
 * Copies the tree of the engine and takes a mechanism out of the copy, so that the engine itself needs no switch for
 * it.
 *
 * @returns the folder of the copy.
 * @throws Error where the text is not there exactly once: the engine has changed, and the canary must change with it.
 */
export function patchTree(engine: string, { file, find, replace }: Patch): string {
  const source = readFileSync(join(engine, file), 'utf8')
  const count = source.split(find).length - 1
  if (count !== 1) {
    throw new Error(
      `The canary looks ${count === 0 ? 'in vain' : 'too vaguely'} for \`${find}\` in ${file}.`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'stampede-canary-'))
  for (const name of copied) cpSync(join(engine, name), join(folder, name), { recursive: true })
  symlinkSync(join(engine, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(
    join(folder, file),
    source.replace(find, () => replace),
  )
  return folder
}
