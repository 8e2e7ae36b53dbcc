import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ProblemCode, problemCodes } from '../../src/http/problem-codes.ts'
import { formatAmount } from '../../src/pages/format-amount.ts'
import { formatLeft } from '../../src/pages/shop/amounts.ts'
import { openServerClock } from '../../src/pages/shop/clock.ts'
import { explain, explanations } from '../../src/pages/shop/refusals.ts'
import { openClient } from '../http/client.ts'

describe('the refusals', () => {
  it('that a buyer can meet are all explained', async () => {
    const client = await openClient()
    const { body: document } = await client.get('/openapi.json')
    type Route = { security?: unknown[]; 'x-refusals'?: ProblemCode[] }
    const routes = Object.values<Record<string, Route>>(document.paths).flatMap(Object.values)
    const met = new Set(
      routes
        .map((route: Route) => route['x-refusals'] ?? [])
        // Whoever may be forbidden a route needs to be an admin.
        .filter((codes) => !codes.includes('forbidden'))
        .flat(),
    )
    expect(met.size).toBeGreaterThan(25)
    const unexplained = [...met].filter((code) => !(code in explanations))
    expect(unexplained).toEqual([])
    for (const { title, next } of Object.values(explanations)) {
      expect(title.length * next.length).toBeGreaterThan(0)
      expect(`${title} ${next}`).not.toMatch(/_|\bnull\b|undefined/)
    }
  })

  it('say what the shop says where nobody foresaw them', () => {
    const problem = { code: 'brand_new', title: 'New', detail: 'Never seen.' }
    expect(explain(problem)).toEqual({ title: 'New', next: 'Never seen.' })
    for (const code of Object.keys(explanations)) expect(problemCodes).toHaveProperty(code)
  })
})

describe('the clock of the shop', () => {
  const shopStartMs = Date.UTC(2030, 0, 1, 12, 0, 0, 730)

  it('is never ahead, and told to a fraction of a second by a few answers, whatever the browser says', () => {
    let elapsedMs = 5_000
    const clock = openServerClock(
      () => elapsedMs,
      () => shopStartMs + elapsedMs - 7_200_000,
    )
    const shopMs = () => shopStartMs + elapsedMs
    for (const [pauseMs, travelMs] of [
      [0, 40],
      [1_900, 60],
      [2_130, 30],
      [2_270, 35],
      [1_610, 45],
      [2_020, 25],
    ] as const) {
      elapsedMs += pauseMs
      const sentMs = elapsedMs
      elapsedMs += travelMs
      const date = new Date(shopMs()).toUTCString()
      elapsedMs += travelMs
      clock.observe(date, sentMs, elapsedMs)
      expect(clock.nowMs()).toBeLessThanOrEqual(shopMs())
      expect(clock.nowMs()).toBeGreaterThan(shopMs() - 1_200)
    }
    expect(clock.nowMs()).toBeGreaterThan(shopMs() - 300)
    expect(clock.skewMs()).toBe(-7_200_000)
  })

  it('follows where the clock of the shop is set, and ignores what is no time', () => {
    const clock = openServerClock(() => 0)
    clock.observe(new Date(shopStartMs).toUTCString(), 0, 10)
    clock.observe(new Date(shopStartMs + 60_000).toUTCString(), 0, 10)
    clock.observe(null, 0, 10)
    clock.observe('soon', 0, 10)
    expect(Math.abs(clock.nowMs() - shopStartMs - 60_000)).toBeLessThan(1_100)
  })
})

describe('the words', () => {
  it.each([
    [0, '00:00'],
    [1, '00:01'],
    [59_001, '01:00'],
    [3_599_000, '59:59'],
    [3_600_000, '01:00:00'],
    [2 * 86_400_000 + 3_661_000, '2 d 01:01:01'],
    [-5, '00:00'],
  ])('%i ms are %s', (ms, text) => expect(formatLeft(ms)).toBe(text))

  it('have two digits for what is minor', () => {
    expect([0, 5, 9_900, 123_456_789].map(formatAmount)).toEqual([
      '0.00',
      '0.05',
      '99.00',
      '1,234,567.89',
    ])
  })
})

describe('the colours', () => {
  const css = readFileSync(new URL('../../src/pages/shop/page.css', import.meta.url), 'utf8')
  const [light = '', dark = ''] = css
    .split(':root {')
    .slice(1)
    .map((rest) => rest.split('}')[0] ?? '')
  const pairs = [
    ['ink', 'ground'],
    ['ink', 'surface'],
    ['soft', 'ground'],
    ['soft', 'surface'],
    ['soft', 'wait-ground'],
    ['accent', 'ground'],
    ['accent', 'surface'],
    ['on-accent', 'accent'],
    ['good', 'good-ground'],
    ['bad', 'bad-ground'],
    ['ink', 'bad-ground'],
    ['ink', 'good-ground'],
  ] as const

  it.each([
    ['light', light],
    ['dark', dark],
  ])('of %s can be read by everybody (WCAG AA)', (_, block) => {
    const colours = new Map(
      [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour]),
    )
    for (const [text, ground] of pairs) {
      const [a, b] = [luminance(colours.get(text)), luminance(colours.get(ground))]
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      expect(contrast, `${text} on ${ground}`).toBeGreaterThan(4.5)
    }
  })
})

/** As WCAG defines it. */
function luminance(colour = '#'): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
