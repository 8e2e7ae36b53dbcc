import { describe, expect, it } from 'vitest'
import type { Moment, Second } from '../../src/live/moment.ts'
import { hear, minutesOf, newest, nothingHeard } from '../../src/pages/ops/heard.ts'
import { findTokenFault } from '../../src/pages/ops/own-token.ts'
import { readClaims } from '../../src/pages/token-claims.ts'

const secondsFrom = (first: number, count: number): Second[] =>
  Array.from({ length: count }, (_, index) => ({ atMs: (first + index) * 1_000, outcomes: {} }))
const timesOf = (seconds: Second[]) => seconds.map(({ atMs }) => atMs / 1_000)
const moment = (seconds: Second[], processes = 1): { name: 'moment'; moment: Moment } => ({
  name: 'moment',
  moment: { seconds, processes, state: null },
})

describe('what a page has heard', () => {
  const first = hear(nothingHeard, { name: 'history', seconds: secondsFrom(100, 10) })

  it('has each second once, also after a connection that was lost', () => {
    const again = hear(first, { name: 'history', seconds: secondsFrom(105, 8) })
    const later = hear(again, moment(secondsFrom(112, 3)))
    expect(timesOf(later.seconds)).toEqual(timesOf(secondsFrom(100, 15)))
  })

  it('goes on where the clock of the server is set back', () => {
    const back = hear(first, moment(secondsFrom(40, 1)))
    expect(timesOf(hear(back, moment(secondsFrom(41, 1))).seconds)).toEqual([40, 41])
    const aLittle = hear(first, moment(secondsFrom(107, 1)))
    expect(timesOf(aLittle.seconds)).toEqual([100, 101, 102, 103, 104, 105, 106, 107])
  })

  it('is of the last five minutes, and knows what is missing', () => {
    const gap = hear(first, moment(secondsFrom(200, 3)))
    expect(timesOf(newest(gap.seconds, 5))).toEqual([200, 201, 202])
    expect(minutesOf(gap.seconds)).toBe(2)
    const muchLater = hear(gap, moment(secondsFrom(5_000, 2)))
    expect(timesOf(muchLater.seconds)).toEqual([5_000, 5_001])
    expect(timesOf(newest([], 5))).toEqual([])
  })

  it('keeps the last state, and counts for how long nobody told what is decided', () => {
    const state = { isOpen: true } as Moment['state']
    const open = hear(first, { name: 'moment', moment: { seconds: [], processes: 2, state } })
    const lost = { seconds: secondsFrom(110, 2), processes: 0, state: null, fault: 'lost' as const }
    const silent = hear(open, { name: 'moment', moment: lost })
    expect(silent).toMatchObject({ state, fault: 'lost', silentSeconds: 2 })
    expect(hear(silent, moment(secondsFrom(112, 1), 0)).silentSeconds).toBe(3)
    expect(hear(silent, moment(secondsFrom(112, 1)))).toMatchObject({
      state,
      fault: null,
      silentSeconds: 0,
    })
  })
})

describe('a token that is brought', () => {
  const tokenOf = (claims: unknown) => `a.${btoa(JSON.stringify(claims))}.c`

  it.each(['', 'a.b', 'a.b.c', 'a.b.c.d', tokenOf(null), `${tokenOf({})}.d`])(
    '%j is none',
    (text) => expect(readClaims(text)).toBeNull(),
  )

  it('is told what is wrong with it', () => {
    expect(readClaims(tokenOf({ sub: 'ann' }))).toEqual({ sub: 'ann', role: 'user', shop: 'main' })
    const admin = tokenOf({ sub: 'boss', role: 'admin', shop: 'outlet' })
    expect(findTokenFault('', 'main')).toBe('')
    expect(findTokenFault(admin, 'outlet')).toBe('')
    expect(findTokenFault(admin, 'main')).toBe('This token is for the shop outlet.')
    expect(findTokenFault(tokenOf({ sub: 'ann' }), 'main')).toContain('of a buyer')
    expect(findTokenFault('hello', 'main')).toBe('This is not a token.')
  })
})
