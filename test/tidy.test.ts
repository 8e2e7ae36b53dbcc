import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../src/limits.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesIn = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))

const engine = [
  ...filesIn('src', '.ts'),
  ...filesIn('src/pages', '.tsx'),
  ...filesIn('workers', '.ts'),
]
const sources = engine.filter((file) => !file.endsWith('.test.ts'))
const programs = filesIn('bin', '.ts')
const scripts = filesIn('lua', '.lua')
const tests = [...filesIn('test', '.ts'), ...engine.filter((file) => file.endsWith('.test.ts'))]
const code = [
  ...sources,
  ...programs,
  ...scripts,
  ...tests,
  ...filesIn('load-tests', '.ts'),
  ...filesIn('chaos', '.ts'),
  ...filesIn('bench', '.ts'),
  ...filesIn('fixtures', '.ts'),
]
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')]

/** The files that a file imports, as paths from the root; packages are left out. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map((match) =>
    relative(root, join(root, dirname(file), match[1] as string)),
  )
}

/** Files with lines that match, as `file:line`. */
function linesWith(files: string[], matches: (line: string) => boolean): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (matches(line) ? [`${file}:${index + 1}`] : [])),
  )
}

describe('the code', () => {
  it('has no line that does not fit a screen', () => {
    expect(linesWith(code, (line) => line.length > 120)).toEqual([])
  })

  it('has no file that does not fit a head', () => {
    const lengthOf = (file: string) => read(file).split('\n').length
    expect(sources.concat(scripts).filter((file) => lengthOf(file) > 300)).toEqual([])
  })

  it('leaves nothing for later, and skips no test', () => {
    const unfinished = new RegExp(
      ['TO', 'DO|FIX', 'ME|XX', 'X|\\.on', 'ly\\(|\\.sk', 'ip\\('].join(''),
    )
    expect(linesWith(code, (line) => unfinished.test(line))).toEqual([])
  })

  it('waits for signals in tests, never for time to pass', () => {
    const sleeps = /await (wait|sleep|setTimeout)\(|setTimeout\(resolve/
    expect(linesWith(tests, (line) => sleeps.test(line))).toEqual([])
  })

  it('reads the environment in one place; commands may hand it on to their processes', () => {
    const readers = linesWith(sources, (line) => line.includes('process.env'))
    const places = new Set(readers.map((place) => place.split(':')[0]))
    expect([...places].filter((file) => !file?.startsWith('src/cli/'))).toEqual(['src/config.ts'])
  })

  it('imports in one direction', () => {
    const imports = sources.flatMap((file) => importsOf(file).map((to) => ({ file, to })))
    const forbidden = (from: RegExp, to: RegExp) =>
      imports
        .filter((one) => from.test(one.file) && to.test(one.to))
        .map(({ file, to }) => [file, to])
    expect(forbidden(/^src\//, /^(workers|test|load-tests)\//)).toEqual([])
    expect(forbidden(/^workers\//, /^(src\/http|src\/cli|test)\//)).toEqual([])
    expect(forbidden(/^src\/domain\//, /^src\/(http|engine|db|queue|redis|services)\//)).toEqual([])
    expect(forbidden(/^src\/(engine|redis)\//, /^src\/(http|db|queue|services|cli)\//)).toEqual([])
    expect(forbidden(/^src\/(db|queue)\//, /^src\/(http|services|cli)\//)).toEqual([])
    expect(forbidden(/^src\/pages\//, /^src\/(demo|db|queue|redis|services|cli)\//)).toEqual([])
  })

  it('composes the scripts in one place', () => {
    const isComment = (line: string) => /^\s*(\/?\*|\/\/)/.test(line)
    const readers = linesWith(sources, (line) => /[/.'`]lua['`/]/.test(line) && !isComment(line))
    expect(new Set(readers.map((place) => place.split(':')[0]))).toEqual(
      new Set(['src/redis/scripts.ts']),
    )
  })

  it('has no index files: a thing is imported from where it is', () => {
    expect(code.filter((file) => /\/index\.ts$/.test(file))).toEqual([])
  })

  it('has no file that nothing leads to', () => {
    // An import by a test alone keeps nothing alive.
    const imported = new Set([...sources, ...programs].flatMap(importsOf))
    const starters = ['package.json', 'src/cli/start-engine.ts', 'src/http/pages.ts'].map(read)
    const isStarted = (file: string) =>
      starters.some((text) => text.includes(file.replace('src/pages/', '')))
    expect(sources.filter((file) => !imported.has(file) && !isStarted(file))).toEqual([])
    const composed = scripts.map(read).join('\n') + read('src/redis/scripts.ts')
    const includes = scripts.filter((file) => file.startsWith('lua/includes/'))
    const nameOf = (file: string) => file.replace('lua/includes/', '').replace('.lua', '')
    expect(includes.filter((file) => !composed.includes(`@include "${nameOf(file)}"`))).toEqual([])
  })

  it('has no bound that nothing obeys', () => {
    const text = sources
      .filter((file) => file !== 'src/limits.ts')
      .map(read)
      .join('\n')
    const isObeyed = (name: string) => new RegExp(`\\blimits\\.${name}\\b`).test(text)
    const unused = Object.keys(limits).filter((name) => !isObeyed(name))
    expect(unused).toEqual([])
  })
})

describe('the pages', () => {
  it('name only commands that exist', () => {
    const { scripts: commands } = JSON.parse(read('package.json'))
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:-s )?([a-z]+(?:-[a-z]+)*)/g)].map(
        (match) => match[1] as string,
      ),
    )
    expect(named.filter((name) => !(name in commands))).toEqual([])
  })

  it('name only files that exist', () => {
    const missing = pages.flatMap((page) => {
      const text = read(page)
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) =>
        join(dirname(page), match[1] as string),
      )
      const paths = [
        ...text.matchAll(/`((?:src|lua|workers|test|load-tests|docs)\/[\w./-]*)`/g),
      ].map((match) => match[1] as string)
      // CONTRIBUTING shows how to name a new decision.
      return [...links, ...paths].filter(
        (path) => !path.includes('verb-noun') && !existsSync(join(root, path)),
      )
    })
    expect(missing).toEqual([])
  })

  it('lead only to headings that exist', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    const lost = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)].flatMap(([link, file, anchor]) => {
        const target = file ? join(dirname(page), file) : page
        const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
          slug(text ?? ''),
        )
        return headings.includes(anchor as string) ? [] : [`${page}: ${link}`]
      }),
    )
    expect(lost).toEqual([])
  })

  it('quote the tests of the guarantees as they are called', () => {
    const text = read('docs/GUARANTEES.md').replace(/\s+/g, ' ')
    const quoted = [...text.matchAll(/`(test\/[\w/.-]+\.test\.ts)` \(("[^)]+")\)/g)].flatMap(
      ([, file, names]) =>
        [...(names ?? '').matchAll(/"([^"]+?)(?: ?…)?"/g)].map(([, name]) => ({ file, name })),
    )
    expect(quoted.length).toBeGreaterThan(5)
    const titles = (file: string) =>
      [...read(file).matchAll(/\bit\(\s*(['"])(.+)\1,/g)].map(([, , title]) =>
        title?.replaceAll('’', "'"),
      )
    const lost = quoted.filter(
      ({ file, name }) => !titles(file as string).some((title) => title?.includes(name as string)),
    )
    expect(lost).toEqual([])
  })
})
