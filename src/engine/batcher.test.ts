import { describe, expect, it } from 'vitest'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import { openBatcher } from './batcher.ts'

/** A send that records its batches and answers when it is told to. */
function recorder() {
  const batches: string[][][] = []
  const answers: ((error?: Error) => void)[] = []
  const batcher = openBatcher<string>((batch) => {
    batches.push(batch)
    return new Promise((resolve, reject) => {
      answers.push((error) => {
        if (error) reject(error)
        else resolve(batch.map(([command]) => `done ${command}`))
      })
    })
  })
  return { batcher, batches, answers }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('batcher', () => {
  it('sends the commands of one turn of the event loop together', async () => {
    const { batcher, batches, answers } = recorder()
    const replies = Promise.all([batcher.submit(['a']), batcher.submit(['b'])])
    await turn()
    expect(batches).toEqual([[['a'], ['b']]])
    answers[0]?.()
    expect(await replies).toEqual(['done a', 'done b'])
  })

  it('collects while a batch is under way, up to the cap', async () => {
    const { batcher, batches, answers } = recorder()
    const first = batcher.submit(['first'])
    await turn()
    const rest = Array.from({ length: limits.batchCommandsMax + 1 }, (_, number) =>
      batcher.submit([String(number)]),
    )
    await turn()
    expect(batches).toHaveLength(1)
    answers[0]?.()
    await first
    await turn()
    expect(batches[1]).toHaveLength(limits.batchCommandsMax)
    answers[1]?.()
    await turn()
    expect(batches[2]).toHaveLength(1)
    answers[2]?.()
    expect(await Promise.all(rest)).toHaveLength(limits.batchCommandsMax + 1)
  })

  it('answers everything that waits at once when a batch fails, and goes on afterwards', async () => {
    const { batcher, answers } = recorder()
    const failing = batcher.submit(['failing'])
    await turn()
    const waiting = batcher.submit(['waiting'])
    answers[0]?.(new Unavailable('gone'))
    await expect(failing).rejects.toThrow(Unavailable)
    await expect(waiting).rejects.toThrow(Unavailable)
    const next = batcher.submit(['next'])
    await turn()
    answers[1]?.()
    expect(await next).toBe('done next')
  })

  it('refuses more than may wait', async () => {
    const { batcher, answers } = recorder()
    const first = batcher.submit(['first'])
    await turn()
    const waiting = Array.from({ length: limits.queuedCommandsMax }, () => batcher.submit(['next']))
    await expect(batcher.submit(['one too many'])).rejects.toThrow(Unavailable)
    answers[0]?.(new Unavailable('gone'))
    await Promise.allSettled([first, ...waiting])
  })

  it('says when nothing is under way any more', async () => {
    const { batcher, answers } = recorder()
    await batcher.drained()
    const command = batcher.submit(['a'])
    let isDrained = false
    const drained = batcher.drained().then(() => {
      isDrained = true
    })
    await turn()
    expect(isDrained).toBe(false)
    answers[0]?.()
    await command
    await drained
  })
})
