import { expect, it, vi } from 'vitest'
import { limits } from '../limits.ts'
import { openReadCopies } from './read-copies.ts'

/** Copies beside an engine that has accepted so many batches, and a read that counts. */
function openCopies() {
  const state = { accepted: 0, reads: 0 }
  const copyOf = openReadCopies({ acceptedBatches: () => state.accepted })
  const read = async () => {
    state.reads += 1
    return `read ${state.reads}`
  }
  return { state, copyOf, read }
}

it('reads once for all who ask at once, and for who asks a little later', async () => {
  const { state, copyOf, read } = openCopies()
  const first = Array.from({ length: 100 }, () => copyOf('main', 'products', read))
  expect(new Set(await Promise.all(first))).toEqual(new Set(['read 1']))
  expect(await copyOf('main', 'products', read)).toBe('read 1')
  expect(state.reads).toBe(1)
})

it('reads again when the copy is too old', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const { copyOf, read } = openCopies()
    await copyOf('main', 'products', read)
    vi.advanceTimersByTime(limits.readCopyMs)
    expect(await copyOf('main', 'products', read)).toBe('read 1')
    vi.advanceTimersByTime(1)
    expect(await copyOf('main', 'products', read)).toBe('read 2')
  } finally {
    vi.useRealTimers()
  }
})

it('reads again after each thing that was accepted, until that happens too often', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const { state, copyOf, read } = openCopies()
    for (let step = 0; step < limits.readRefreshesMax; step += 1) {
      state.accepted += 1
      expect(await copyOf('main', 'products', read)).toBe(`read ${step + 1}`)
    }
    for (let step = 0; step < 1_000; step += 1) {
      state.accepted += 1
      await copyOf('main', 'products', read)
    }
    expect(state.reads).toBe(limits.readRefreshesMax + 1)
    vi.advanceTimersByTime(2_000 / limits.readRefreshesPerSecond)
    expect(await copyOf('main', 'products', read)).toBe(`read ${limits.readRefreshesMax + 2}`)
  } finally {
    vi.useRealTimers()
  }
})

it('never answers with a read that began before what was accepted', async () => {
  const { state, copyOf } = openCopies()
  let finish: (text: string) => void = () => {}
  const slow = copyOf(
    'main',
    'products',
    () => new Promise<string>((resolve) => (finish = resolve)),
  )
  state.accepted += 1
  expect(await copyOf('main', 'products', async () => 'after')).toBe('after')
  finish('before')
  expect(await slow).toBe('before')
  expect(await copyOf('main', 'products', async () => 'third')).toBe('after')
})

it('keeps shops and reads apart', async () => {
  const { copyOf, read } = openCopies()
  expect(await copyOf('main', 'product a', read)).toBe('read 1')
  expect(await copyOf('main', 'product b', read)).toBe('read 2')
  expect(await copyOf('other', 'product a', read)).toBe('read 3')
})

it('forgets a failure, and a text that is too long', async () => {
  const { copyOf, read } = openCopies()
  const failed = () => copyOf('main', 'products', () => Promise.reject(new Error('no Redis')))
  await expect(failed()).rejects.toThrow('no Redis')
  expect(await copyOf('main', 'products', read)).toBe('read 1')

  const long = 'x'.repeat(limits.readCopyLengthMax + 1)
  expect(await copyOf('main', 'long', async () => long)).toBe(long)
  expect(await copyOf('main', 'long', read)).toBe('read 2')
})
