import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openBooks } from '../workers/books.ts'
import { openingShop } from './opening.ts'
import { finish, steps } from './steps.ts'
import { closeWorld, openWorlds } from './world.ts'

/**
 * Runs of random steps against real servers and a small model of what must be remembered. A longer search by hand:
 * `SIMULATION_RUNS=10000 npx vitest run test/simulation`. A failure prints its seed, its path and its replayPath; to
 * see it again: `SIMULATION_AGAIN='<seed> <path> <replayPath>' npx vitest run test/simulation`.
 */
const { SIMULATION_RUNS = '160', SIMULATION_AGAIN = '' } = process.env
const [seed, path, replayPath] = SIMULATION_AGAIN.split(' ')
/** Runs mostly wait for a disk, so several go on at once, each in its own shop. */
const lanes = seed ? ['the same'] : ['one', 'another', 'a third', 'a fourth']
const numRuns = Math.ceil(Number(SIMULATION_RUNS) / lanes.length)

const books = await openBooks()
const { openWorld, latchedClaims } = await openWorlds(books)

const commands = fc.commands(steps, {
  maxCommands: 50,
  size: 'max',
  ...(replayPath && { replayPath }),
})
/** In every tenth run the engine proves its books itself: that takes as long as all the rest. */
const isProved = fc.nat(9).map((n) => n === 9)

describe.concurrent.for(lanes)('%s shop after the other', () => {
  it(
    'answers and remembers as the model says, whatever happens to it',
    async () => {
      await fc.assert(
        fc.asyncProperty(commands, isProved, async (taken, isProved) => {
          const world = await openWorld()
          const model = await openingShop(world)
          await fc.asyncModelRun(async () => ({ model, real: world }), taken)
          await finish(model, world, { isProved })
          await closeWorld(world)
        }),
        { numRuns, ...(seed && { seed: Number(seed) }), ...(path && { path }) },
      )
    },
    600_000 + numRuns * 5_000,
  )
})

// What the model agreed with was also what a process said that asked nobody.
it.skipIf(seed)('had claims refused by what a process knows of sold-out coupons', () => {
  expect(latchedClaims()).toBeGreaterThan(0)
})
