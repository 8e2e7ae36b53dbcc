import { exitCodes, showFailure } from '../src/cli/answer.ts'
import { Interrupted } from '../src/cli/interruption.ts'
import { openProgram } from './program.ts'

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has enough, as `head` does, is no failure; a command that it ends too early is.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCodes.failed)
    throw error
  })
}

const args = process.argv.slice(2)
try {
  await openProgram().parseAsync(args, { from: 'user' })
} catch (error) {
  showFailure(error, { json: args.includes('--json') || undefined })
  // A statement of Postgres may be under way, for which nobody waits any more.
  if (error instanceof Interrupted) process.exit()
}
