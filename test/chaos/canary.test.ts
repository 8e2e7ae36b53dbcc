import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { canaries } from '../../chaos/canary/canaries.ts'
import { patchTree } from '../../chaos/canary/patched-tree.ts'

const root = join(import.meta.dirname, '../..')
const patched = Object.entries(canaries).flatMap(([name, { patch }]) =>
  patch ? [{ name, patch }] : [],
)

it.each(patched)('the canary $name fits the engine as it is', ({ patch }) => {
  const folder = patchTree(root, patch)
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

it('a canary whose text is gone says so', () => {
  const patch = { file: 'lua/place-order.lua', find: 'no such text', replace: '' }
  expect(() => patchTree(root, patch)).toThrow('looks in vain for `no such text`')
  expect(() => patchTree(root, { ...patch, find: 'local' })).toThrow('too vaguely')
})
