import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/demo/client.ts'
import { compareAnswers } from '../../src/demo/submit.ts'

const created = answer(201, { id: 'a' })
const replay = answer(200, { id: 'a' }, true)
const refused = answer(409, { code: 'held' })

describe('compareAnswers', () => {
  it.each(['together', 'after'] as const)(
    'accepts a first answer and its replay sent %s',
    (repeat) => {
      expect(compareAnswers(created, replay, repeat, true)).toBeNull()
    },
  )

  it('lets the answers of requests sent together arrive in either order', () => {
    expect(compareAnswers(replay, created, 'together', true)).toBeNull()
    expect(compareAnswers(replay, created, 'after', true)).not.toBeNull()
  })

  it('accepts a refusal before an acceptance, never after it', () => {
    expect(compareAnswers(refused, created, 'after', true)).toBeNull()
    expect(compareAnswers(refused, refused, 'after', true)).toBeNull()
    expect(compareAnswers(created, refused, 'after', true)).not.toBeNull()
    expect(compareAnswers(refused, replay, 'together', true)).not.toBeNull()
  })

  it.each([
    ['two effects', created, answer(201, { id: 'a' })],
    ['two replays', replay, replay],
    ['another body', created, answer(200, { id: 'b' }, true)],
    ['a replay as a new resource', created, answer(201, { id: 'a' }, true)],
  ])('notices %s', (_, first, second) => {
    expect(compareAnswers(first, second, 'together', true)).not.toBeNull()
  })

  it('asks only for equal bodies where a repetition is not flagged', () => {
    const paid = answer(200, { status: 'COMPLETED' })
    expect(compareAnswers(paid, paid, 'after', false)).toBeNull()
    expect(compareAnswers(paid, answer(200, { status: 'PENDING' }), 'after', false)).not.toBeNull()
  })
})

function answer(status: number, body: Record<string, unknown>, replayed = false): Answer {
  return { status, body, replayed, ms: 1 }
}
