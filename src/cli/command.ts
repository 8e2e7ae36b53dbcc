import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import { idPattern } from '../domain/ids.ts'

/** What a sub-command says of itself. Every one shows at least one example that can be pasted. */
type About = {
  /** One line, which stands in the list of commands too. */
  summary: string
  /** What else there is to know before using it. */
  details?: string
  /** Command lines, without the name of the program. */
  examples: [string, ...string[]]
}

/** The command line asks for something that there is not. */
export class WrongUsage extends Error {
  override name = 'WrongUsage'
}

/** A command that others hang on. */
export function group(name: string, summary: string) {
  const made = new Command(name)
    .description(summary)
    .helpOption('--help', 'show this')
    .helpCommand(false)
    // Errors are told in one place, where it is known to whom.
    .configureOutput({ outputError: () => {} })
    .exitOverride((error) => {
      const isTold = error.exitCode === 0 || error.code === 'commander.help'
      throw isTold ? error : wrongUsage(made, error.message)
    })
  return made
}

/** A command that does something. Each of them can answer a machine. */
export function command(name: string, { summary, details, examples }: About) {
  const lines = examples.map((example) => `  $ stampede ${example}`)
  return group(name, summary)
    .summary(summary)
    .description(details ? `${summary}\n\n${details}` : summary)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
    .option('--json', 'one JSON object on standard output, for a machine')
}

/** A command that goes to the stores of a shop, past the engine. */
export function storesCommand(name: string, about: About) {
  return command(name, about).option('--shop <name>', 'which shop (default: main)', id)
}

type Named = { name(): string; parent: Named | null }

/** An error that leads to the help of a command. */
export function wrongUsage(command: Named, message: string): WrongUsage {
  const names: string[] = []
  for (let one: Named | null = command; one; one = one.parent) names.unshift(one.name())
  const problem = message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ')
  return new WrongUsage(`${problem}; see: ${names.join(' ')} --help`)
}

/** Reads a whole number; whether it is too large is for the engine to say. */
export function integer(text: string): number {
  const number = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('It must be a whole number.')
  }
  return number
}

/** The same for what goes into an address. */
export function wholeNumber(text: string): string {
  return String(integer(text))
}

/** Reads an id: it becomes a part of an address. */
export function id(text: string): string {
  if (!idPattern.test(text)) throw new InvalidArgumentError(`It must match ${idPattern.source}`)
  return text
}
