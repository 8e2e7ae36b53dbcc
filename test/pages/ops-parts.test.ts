import { describe, expect, it } from 'vitest'
import type { Moment, Second } from '../../src/live/moment.ts'
import { hear, minutesOf, newest, nothingHeard, rateOf } from '../../src/pages/ops/heard.ts'
import { acceptedIn, failedIn, refusedIn } from '../../src/pages/ops/outcomes.ts'
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

describe('what is counted in a second', () => {
  const outcomes: Second['outcomes'] = {
    orders: { placed: 4, sold_out: 3, unavailable: 2, backlog_full: 1, replayed: 9 },
    requests: { rate_limited: 10, admission_required: 20, unavailable: 2, internal: 5 },
  }
  const seconds = [9, 10, 11, 12, 13, 14].map((at): Second => ({ atMs: at * 1_000, outcomes }))
  const second = seconds[0] as Second

  it('is accepted, refused or failed, and a decision that failed is no error more', () => {
    expect(acceptedIn(second, 'orders')).toBe(4)
    expect(refusedIn(second)).toBe(33)
    expect(failedIn(second)).toBe(7)
  })

  it('is told per second of the last five', () => {
    expect(rateOf(seconds, failedIn)).toBe('7')
    expect(rateOf([...seconds, { atMs: 15_000, outcomes: {} }], failedIn)).toBe('5.6')
    expect(rateOf([], failedIn)).toBe('0')
  })

  it('is there beside the last proof, until the next one', () => {
    const report = { ok: true, checks: [], backlog: 0, dropped: 0, epoch: 1 }
    const proof = { report, atMs: 1, tookMs: 2 }
    const proven = hear(nothingHeard, { name: 'proof', proof })
    expect(hear(proven, moment(seconds))).toMatchObject({ proof, seconds })
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
