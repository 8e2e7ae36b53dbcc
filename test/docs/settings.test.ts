import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { describe, expect, it } from 'vitest'
import { openProgram } from '../../bin/program.ts'
import { configShape, loadConfig } from '../../src/config.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs')
const read = (page: string) => readFileSync(join(folder, page), 'utf8')
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'))
const config = loadConfig({})
const written = (number: number) => number.toLocaleString('en-US')

describe('the pages', () => {
  it('tell the defaults of variables as the configuration has them', () => {
    const tables = pages.flatMap(
      (page) => read(page).match(/^\| variable \|(?:.*\n(?=\|))*.*/gm) ?? [],
    )
    const rows = tables
      .filter((table) => /^\|.*\| default \|\n/.test(table))
      .flatMap((table) => [...table.matchAll(/^\| `(\w+)` \|.*\| (.*?) \|$/gm)])
      .map(([, name, value]) => [name, value])
    expect(rows.length).toBeGreaterThan(0)
    const defaults = rows.map(([name]) => [name, written(Reflect.get(config, name as string))])
    expect(rows).toEqual(defaults)
  })

  it('tell how often somebody may ask as the configuration has it', () => {
    const { REQUESTS_PER_USER, REQUESTS_PER_ADDRESS, UNPAID_ORDERS_PER_USER } = config
    const api = read('API.md')
    expect(api).toContain(`| ${written(REQUESTS_PER_USER)} requests of a user in a minute, `)
    expect(api).toContain(`in a minute, ${written(REQUESTS_PER_ADDRESS)} of an address; `)
    expect(api).toContain(`| ${written(UNPAID_ORDERS_PER_USER)} orders of a user in a day `)
    const limits = read('OPERATIONS.md').split('\n## Limits\n')[1]
    const requests = [REQUESTS_PER_USER, REQUESTS_PER_ADDRESS].map(written).join(' and ')
    expect(limits).toContain(`| ${requests} a minute, `)
    expect(limits).toContain(`| ${written(UNPAID_ORDERS_PER_USER)} a day |`)
  })

  it('name settings that somebody reads', () => {
    const known = new Set([
      ...Object.keys(configShape.shape),
      ...namesIn('docker-compose.yml', /\$\{(\w+)/g),
      ...namesIn('src/cli/load.ts', /\b([A-Z]+_[A-Z]+)\b/g),
      ...['NODE_EXTRA_CA_CERTS', 'OTEL_EXPORTER_OTLP_HEADERS'],
      ...['OTEL_RESOURCE_ATTRIBUTES', 'OTEL_SERVICE_NAME'],
    ])
    const settings = /\b([A-Z]+(?:_[A-Z]+)+)\b|(?<=[\s`])([A-Z]+)=/g
    const named = ['RECIPES.md', 'OPERATIONS.md'].flatMap((page) =>
      namesIn(`docs/${page}`, settings),
    )
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  it('name each command on the page of the command line', () => {
    const page = read('CLI.md')
    const leavesOf = (command: CommandUnknownOpts, path: string[] = []): string[] =>
      command.commands.length === 0
        ? [path.join(' ')]
        : command.commands.flatMap((one) => leavesOf(one, [...path, one.name()]))
    const missing = leavesOf(openProgram()).filter((leaf) => !page.includes(`\`${leaf}`))
    expect(missing).toEqual([])
  })

  it('name commands that there are', () => {
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npx stampede ((?:[a-z-]+ ?)+)/g)].map(([, words]) => words),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((words) => !isCommand((words as string).trim().split(' ')))).toEqual([])
  })
})

function namesIn(file: string, pattern: RegExp): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(pattern)].map(([, name, other]) => (name ?? other) as string)
}

/** Whether the words begin with a command, what follows is up to it. */
function isCommand(words: string[]): boolean {
  let command: CommandUnknownOpts = openProgram()
  for (const word of words) {
    if (command.commands.length === 0) return true
    const next = command.commands.find((one) => one.name() === word)
    if (!next) return false
    command = next
  }
  return command.commands.length === 0
}
