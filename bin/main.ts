import { showFailure } from '../src/cli/answer.ts'
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
}
