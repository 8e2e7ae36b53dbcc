import { expect, it, vi } from 'vitest'
import { remembered } from './remembered.ts'

it('makes it once for all who ask at the same time and later', async () => {
  const make = vi.fn(async () => ({}))
  const get = remembered(make)
  const [first, second] = await Promise.all([get(), get()])
  expect(second).toBe(first)
  expect(await get()).toBe(first)
  expect(make).toHaveBeenCalledOnce()
})

it('makes it again where it failed', async () => {
  let attempts = 0
  const get = remembered(async () => {
    attempts += 1
    if (attempts === 1) throw new Error('busy')
    return 'made'
  })
  const failed = await Promise.allSettled([get(), get()])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(attempts).toBe(1)
  expect(await get()).toBe('made')
})
