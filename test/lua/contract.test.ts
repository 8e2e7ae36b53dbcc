import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../../src/engine/commands.ts'
import { composeScript, decisionNames } from '../../src/redis/scripts.ts'

const root = join(import.meta.dirname, '../..')
const sections = ['Guarantee', 'ARGV', 'Returns', 'Emits', 'Cost']

describe.each(decisionNames)('lua/%s.lua', (name) => {
  const source = readFileSync(join(root, 'lua', `${name}.lua`), 'utf8')
  const header = source.slice(source.indexOf('--[[') + 4, source.indexOf(']]'))
  // What a decision has made once per batch stands in an include of its name.
  const include = join(root, 'lua/includes', `${name}.lua`)
  const body =
    source.slice(source.indexOf(']]') + 2) +
    (existsSync(include) ? readFileSync(include, 'utf8') : '')

  /** The lines of one section of the header, without the section's name. */
  function section(title: string): string[] {
    const lines = header.split('\n')
    const start = lines.findIndex((line) => line.startsWith(title))
    const end = lines.findIndex((line, index) => index > start && /^\S/.test(line))
    return lines
      .slice(start, end < 0 ? undefined : end)
      .map((line) => line.replace(title, ' '.repeat(title.length)))
      .filter((line) => line.trim() !== '')
  }

  /** The words at the depth of the section's first line; deeper lines go on with a description. */
  function entries(title: string): string[] {
    const lines = section(title)
    const depth = lines[0]?.search(/\S/)
    return lines
      .filter((line) => line.search(/\S/) === depth)
      .map((line) => line.trim().split(/\s/)[0] as string)
  }

  const documented = entries('Returns')

  it('has a header that says what it does, guarantees, takes, returns, emits and costs', () => {
    expect(header.trim()).toMatch(new RegExp(`^${name}: \\S.*\\.$`, 'm'))
    const titles = header.match(/^[A-Z][A-Za-z]+/gm)
    expect(titles).toEqual(sections)
  })

  it('is in one group of the deciding script', () => {
    expect(composeScript('decide').split(`['${name}'] = function(...)`)).toHaveLength(2)
  })

  it('takes the arguments that the engine sends, in the same order', () => {
    const documentedArguments = entries('ARGV').filter((argument) => argument !== 'none')
    const sent = commands[name as keyof typeof commands].map((argument) =>
      argument.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    )
    expect(documentedArguments.slice(0, sent.length)).toEqual(sent)
    // What follows the named arguments is one list of variable length.
    expect(documentedArguments.length - sent.length).toBeLessThanOrEqual(1)
  })

  it('returns exactly the statuses that it documents, in the documented precedence', () => {
    const returned = [...body.matchAll(/\{ '([a-z_]+)'|refusal = '([a-z_]+)'/g)].map(
      (match) => match[1] ?? match[2],
    )
    expect([...new Set(returned)].sort()).toEqual([...documented].sort())
  })

  it('has a test for every status, in the documented precedence', () => {
    const file = join(root, 'test/lua', `${name}.test.ts`)
    expect(existsSync(file)).toBe(true)
    const tested = [...readFileSync(file, 'utf8').matchAll(/^ {2}it\('([a-z_]+): /gm)].map(
      (match) => match[1],
    )
    expect([...new Set(tested)]).toEqual(documented)
  })
})
