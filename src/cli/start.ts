import { show, showFailure } from './answer.ts'
import { command } from './command.ts'

export function startCommand() {
  return command('start', {
    summary: 'Start everything: Redis, Postgres, migrations, a demo shop, API and workers',
    details:
      'It is the same as npm start, and runs until Ctrl-C. With --json it prints its one object when it serves, and ' +
      'what it has for people on standard error.',
    examples: ['start', 'start --json'],
  }).action(async (options) => {
    const { startEngine } = await import('./start-engine.ts')
    const output = options.json ? process.stderr : process.stdout
    await startEngine({
      print: (line) => output.write(`${line}\n`),
      onReady: (url) => show({ url }, options, () => `ready ${url}`),
      onFailure: (error) => showFailure(error, options),
    })
  })
}
