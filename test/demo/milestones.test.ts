import { expect, it } from 'vitest'
import { openMilestones } from '../../src/demo/milestones.ts'

it('lets those go who wait for a number that is reached, and no others', async () => {
  const milestones = openMilestones()
  const arrived: string[] = []
  const first = milestones.reach(1).then(() => arrived.push('first'))
  const third = milestones.reach(3).then(() => arrived.push('third'))
  milestones.pass()
  await first
  milestones.pass()
  await milestones.reach(2)
  expect(arrived).toEqual(['first'])
  milestones.pass()
  await third
  expect(arrived).toEqual(['first', 'third'])
  expect(milestones.count()).toBe(3)
})
