import { showFailure } from '../src/cli/answer.ts'
import { Interrupted } from '../src/cli/interruption.ts'
import { openProgram } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has enough, as `head` does, is no failure.
  if (error.code === 'EPIPE') process.exit()
  throw error
})

const args = process.argv.slice(2)
try {
  await openProgram().parseAsync(args, { from: 'user' })
} catch (error) {
  showFailure(error, { json: args.includes('--json') || undefined })
  // A statement of Postgres may be under way, for which nobody waits any more.
  if (error instanceof Interrupted) process.exit()
}
