import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { shopKeyNames } from '../../src/redis/keys.ts'
import { openClient } from '../http/client.ts'
import { sources } from './sources.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const page = read('docs/DATA-MODEL.md')
const client = await openClient()
const db = databaseOf(client.dependencies.orm)

/** Heading → what stands below it, for the headings of one level. */
function sectionsOf(text: string, level: number): Map<string, string> {
  const parts = text.split(new RegExp(`^#{${level}} (.+)$`, 'm')).slice(1)
  return new Map(
    parts.flatMap((part, index): [string, string][] =>
      index % 2 === 0 ? [[part, parts[index + 1] ?? '']] : [],
    ),
  )
}

/** The cells of every row of the tables in a text, without the headings of the tables. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const cells = lines.map((line) => line.split('|').slice(1, -1))
  return cells
    .filter(
      (_, index) => !/^\|---/.test(lines[index + 1] ?? '') && !/^\|---/.test(lines[index] ?? ''),
    )
    .map((row) => row.map((cell) => cell.trim()))
}

/** What a text quotes as code, where all of it matches. */
const quotedIn = (text: string, pattern: RegExp) =>
  [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, code]) => code as string)
    .filter((code) => pattern.test(code))
const unquoted = (cell: string) => cell.replaceAll('`', '')
const chapters = sectionsOf(page, 2)
const chapter = (title: string) => chapters.get(title) ?? ''
const columnPattern = /^[a-z_]+\.[a-z_]+$/
const fieldTables = [...Object.keys(sources), 'Beyond the sources']
const fieldRows = fieldTables.flatMap((title) => rowsOf(chapter(title)))

describe('the page of the data model', () => {
  it('has a row for every field of the five schemas, and for no other', () => {
    const described = Object.keys(sources).map((title) => [
      title,
      Object.fromEntries(
        [...sectionsOf(chapter(title), 3)].map(([entity, text]) => [
          entity,
          rowsOf(text)
            .map(([field]) => unquoted(field as string))
            .join(' '),
        ]),
      ),
    ])
    expect(Object.fromEntries(described)).toEqual(sources)
  })

  it('says of every field where it is in Postgres, in Redis and in the API', () => {
    const incomplete = fieldRows.filter(([, columns = '', keys = '', routes = '', ...more]) => {
      const hasColumn = quotedIn(columns, columnPattern).length > 0
      const hasKey = keys === '–' || quotedIn(keys, /./).length > 0
      const hasRoute = routes === '–' || quotedIn(routes, / \//).length > 0
      return !hasColumn || !hasKey || !hasRoute || more.length > 0
    })
    expect(incomplete).toEqual([])
    expect(fieldRows.length).toBeGreaterThan(300)
  })

  it('names every column of the migrated database, and none that is not in it', async () => {
    const { rows } = await sql<{ name: string }>`
      select table_name || '.' || column_name as name from information_schema.columns
      where table_schema = 'public' and column_name <> 'shop'
        and table_name not like 'mikro_orm%'`.execute(db)
    const named = new Set(quotedIn(page, columnPattern))
    expect([...named].sort()).toEqual(rows.map(({ name }) => name).sort())
  })

  it('names every key of the hot state, and none that is not in it', () => {
    const named = new Set(fieldRows.flatMap(([, , keys = '']) => quotedIn(keys, /./)))
    expect([...named].sort()).toEqual(Object.values(shopKeyNames).sort())
  })

  it('names only routes that are served', async () => {
    const { body: document } = await client.call('GET', '/openapi.json')
    const served = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const named = quotedIn(page, /^(GET|POST|PUT|PATCH|DELETE) \//)
    expect(named.length).toBeGreaterThan(300)
    expect([...new Set(named)].filter((route) => !served.includes(route))).toEqual([])
  })

  it('has the words of every state, as the constraints of the database have them', async () => {
    const { rows } = await sql<{ column: string; definition: string }>`
      select conrelid::regclass || '.' || attname as column, pg_get_constraintdef(c.oid) as definition
      from pg_constraint c
      join pg_attribute on attrelid = conrelid and attnum = conkey[1]
      where contype = 'c' and cardinality(conkey) = 1
        and connamespace = 'public'::regnamespace`.execute(db)
    const words = rows.flatMap(({ column, definition }): [string, string[]][] => {
      const [, list] = /ARRAY\[(.+)\]/.exec(definition) ?? []
      return list
        ? [[column, [...list.matchAll(/'(\w+)'/g)].map(([, word]) => word as string).sort()]]
        : []
    })
    const described = [...sectionsOf(chapter('States'), 3)].map(([column, text]) => [
      unquoted(column),
      rowsOf(text)
        .map(([word]) => unquoted(word as string))
        .sort(),
    ])
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(words))
  })
})

describe('what naive engines get wrong', () => {
  const lessons = chapter('What naive engines get wrong')
    .split(/^- /m)
    .slice(1)
    .map((text) => text.replace(/\s+/g, ' '))

  it('is shown by a test, or cannot arise here', () => {
    expect(lessons.length).toBe(40)
    expect(lessons.filter((text) => !/`test\/.+\("|Cannot arise: /.test(text))).toEqual([])
  })

  it('quotes the tests as they are called', () => {
    const quoted = lessons.flatMap((text) =>
      [...text.matchAll(/`((?:test|src)\/[\w/.-]+\.test\.ts)` \(("[^)]+")\)/g)].flatMap(
        ([, file, titles]) =>
          [...(titles ?? '').matchAll(/"([^"]+?)(?: ?…)?"/g)].map(([, title]) => ({ file, title })),
      ),
    )
    const titlesIn = (file: string) =>
      [...read(file).matchAll(/\bit\(\s*(['"])(.+)\1,/g)].map(([, , title]) => title)
    const lost = quoted.filter(
      ({ file, title }) =>
        !titlesIn(file as string).some((known) => known?.includes(title as string)),
    )
    expect(lost).toEqual([])
    expect(quoted.length).toBeGreaterThan(50)
  })
})
