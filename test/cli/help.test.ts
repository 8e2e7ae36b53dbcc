import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { afterAll, describe, expect, it } from 'vitest'
import { openProgram } from '../../bin/program.ts'
import { exitCodeOf } from '../../src/cli/answer.ts'
import { WrongUsage } from '../../src/cli/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'stampede-help-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Found = { command: CommandUnknownOpts; path: string[] }

/** A command and all that hang on it, with the words that lead there. */
function commandsOf(command: CommandUnknownOpts, path: string[] = []): Found[] {
  const below = command.commands.flatMap((one) => commandsOf(one, [...path, one.name()]))
  return [{ command, path }, ...below]
}

const leavesOf = (program: CommandUnknownOpts) =>
  commandsOf(program).filter(({ command }) => command.commands.length === 0)

function helpOf(command: CommandUnknownOpts): string {
  let text = ''
  const writeOut = (more: string) => {
    text += more
  }
  command.configureOutput({ writeOut, getOutHelpWidth: () => 100 })
  command.outputHelp()
  return text
}

/** The examples of a help, each as the words that a shell makes of it. */
function examplesIn(help: string): string[][] {
  const lines = [...help.matchAll(/^ {2}\$ (stampede .+)$/gm)].map(([, line]) => line as string)
  const define = 'exec 9>&1; stampede() { printf "%s\\0" "$@" >&9; }'
  return lines.map((line) =>
    execFileSync('bash', ['-c', `${define}; ${line}`], { cwd: folder, encoding: 'utf8' })
      .split('\0')
      .slice(0, -1),
  )
}

/** Parses a command line, and says which command it would run. */
async function parse(words: string[]): Promise<string[]> {
  const program: CommandUnknownOpts = openProgram()
  let chosen: string[] = []
  for (const { command, path } of leavesOf(program)) {
    command.action(() => {
      chosen = path
    })
  }
  await program.parseAsync(words, { from: 'user' })
  return chosen
}

describe('the help', () => {
  it('is as it was', async () => {
    const pages = commandsOf(openProgram()).map(({ command }) => helpOf(command))
    await expect(pages.join(`\n${'-'.repeat(100)}\n\n`)).toMatchFileSnapshot('help.txt')
  })

  it.each(leavesOf(openProgram()))(
    'has examples that lead to the command: $path',
    async ({ command, path }) => {
      const examples = examplesIn(helpOf(command))
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) expect(await parse(example)).toEqual(path)
    },
  )
})

describe('every command', () => {
  const leaves = leavesOf(openProgram())

  it('answers a machine', () => {
    const silent = leaves.filter(
      ({ command }) => !command.options.some(({ long }) => long === '--json'),
    )
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it.each(leaves)('refuses an option that it does not know: $path', async ({ command, path }) => {
    const [example = []] = examplesIn(helpOf(command))
    const parsing = parse([...path, '--nonsense', ...example.slice(path.length)])
    await expect(parsing).rejects.toThrow(WrongUsage)
    const place = ['stampede', ...path, '--help'].join(' ')
    await expect(parsing).rejects.toThrow(`unknown option '--nonsense'; see: ${place}`)
  })
})

describe('what is no command', () => {
  it.each([
    { args: ['sell'] },
    { args: ['product', 'delete'] },
    { args: ['product', 'create', 'Socks'] },
    { args: ['product', 'create', 'Socks', '--option', '5'] },
    { args: ['product', 'create', 'Socks', '--file', 'socks.json'] },
    { args: ['product', 'show'] },
    { args: ['product', 'show', '../me'] },
    { args: ['product', 'show', 'one', 'two'] },
    { args: ['product', 'set-price', 'one', '4.50'] },
    { args: ['product', 'restock', 'one', '5'] },
    { args: ['coupon', 'create', 'Spring', '--fixed', '5'] },
    { args: ['coupon', 'create', 'Spring', '--quantity', '5'] },
    { args: ['coupon', 'create', 'S', '--quantity', '5', '--fixed', '5', '--percentage', '5'] },
    { args: ['coupon', 'codes', 'one'] },
    { args: ['coupon', 'list', '--url', 'example.org'] },
    { args: ['coupon', 'list', '--limit', 'all'] },
    { args: ['product', 'list', '--limit', '2.5'] },
    { args: ['product', 'set-terms', 'one'] },
    { args: ['product', 'set-terms', 'one', '--per-user', 'many'] },
    { args: ['waiting-room', 'open', 'coupon', 'one'] },
    { args: ['waiting-room', 'show', 'product', 'one'] },
    { args: ['user', 'charge', 'ann'] },
    { args: ['user', 'charge', 'ann', '4.50'] },
    { args: ['shop', 'list', 'main'] },
    { args: ['rebuild', '--shop', 'a shop'] },
    { args: ['storm', '--seed', 'one'] },
    { args: ['doctor', 'please'] },
    { args: ['start', '--fast'] },
    { args: ['shop', 'create', 'a shop'] },
    { args: ['user', 'show'] },
    { args: ['order', 'show', 'a/b'] },
    { args: ['token', '--sub', 'ann', '--role', 'boss'] },
    { args: ['token', '--sub', 'ann', '--ttl', 'soon'] },
    { args: ['verify', 'main'] },
    { args: ['load', 'stampede'] },
  ])('is refused before anything is done: $args', async ({ args }) => {
    const parsing = openProgram().parseAsync(args, { from: 'user' })
    const error = await parsing.then(
      () => null,
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(WrongUsage)
    expect(error.message).toMatch(/; see: stampede.* --help$/)
    expect(exitCodeOf(error)).toBe(2)
  })
})
