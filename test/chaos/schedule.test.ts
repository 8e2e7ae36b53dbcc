import { expect, it } from 'vitest'
import { describeFault, kindOf, planFaults } from '../../chaos/schedule.ts'

const postgresDownMs = 10_000

it('plans the same faults at the same times for the same seed, and others for another', () => {
  const plan = planFaults(7, { count: 50, postgresDownMs })
  expect(plan).toHaveLength(50)
  expect(planFaults(7, { count: 50, postgresDownMs })).toEqual(plan)
  expect(planFaults(8, { count: 50, postgresDownMs })).not.toEqual(plan)
  // A shorter run is the beginning of a longer one.
  expect(planFaults(7, { count: 20, postgresDownMs })).toEqual(plan.slice(0, 20))
})

it('breaks every process and every link in every way, and now and then several at once', () => {
  const plan = planFaults(1, { count: 3_000, postgresDownMs })
  const of = (type: string, targets: string[]) => targets.map((target) => `${type} ${target}`)
  const links = ['client>api', 'api>redis', 'api>postgres', 'worker>redis', 'worker>postgres']
  const modes = ['cut', 'reset', 'delay', 'black-hole', 'answer-lost']
  expect([...new Set(plan.map(({ fault }) => kindOf(fault)))].sort()).toEqual(
    [
      ...of('kill', ['api', 'worker', 'redis', 'postgres']),
      ...of('freeze', ['api', 'worker', 'redis', 'postgres']),
      ...of('restart', ['api', 'worker']),
      ...modes.flatMap((mode) => of(mode, links)),
      ...['down postgres', 'queue-lost'],
    ].sort(),
  )
  const times = new Set(plan.map(({ at }) => at))
  expect(times.size).toBeGreaterThan(plan.length * 0.6)
  expect(times.size).toBeLessThan(plan.length * 0.9)
  const outages = plan.filter(({ fault }) => fault.type === 'down')
  expect(new Set(outages.map(({ fault }) => describeFault(fault)))).toEqual(
    new Set([`down postgres for ${postgresDownMs} ms`]),
  )
})

it('empties Redis only where it is asked to', () => {
  const kinds = (including: 'flushall'[] = []) =>
    planFaults(1, { count: 500, postgresDownMs, including }).map(({ fault }) => kindOf(fault))
  expect(kinds()).not.toContain('flushall')
  expect(kinds(['flushall'])).toContain('flushall')
})
