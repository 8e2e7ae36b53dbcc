import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientContext, Result } from 'ioredis'
import { keyLayout, shopKeyNames } from './keys.ts'

const luaFolder = join(import.meta.dirname, '../../lua')

type Script<Context extends ClientContext> = (
  keyCount: number,
  ...keysAndArguments: string[]
) => Result<unknown, Context>

declare module 'ioredis' {
  interface RedisCommander<Context> {
    beginRebuild: Script<Context>
    clearShop: Script<Context>
    decide: Script<Context>
    enterRoom: Script<Context>
    forgetFinished: Script<Context>
    installShop: Script<Context>
    joinFields: Script<Context>
    openShop: Script<Context>
    popularProducts: Script<Context>
    readUserCoupons: Script<Context>
    reopenShop: Script<Context>
    trimOutbox: Script<Context>
  }
}

/** Files in `lua/` that are whole scripts; every other file there is a decision of the script `decide`. */
const wholeScripts = [
  'begin-rebuild',
  'clear-shop',
  'decide',
  'enter-room',
  'forget-finished',
  'install-shop',
  'join-fields',
  'open-shop',
  'popular-products',
  'read-user-coupons',
  'reopen-shop',
  'trim-outbox',
] as const

/** The names of the decisions: what a command may ask for. */
export const decisionNames: readonly string[] = readdirSync(luaFolder)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.slice(0, -'.lua'.length))
  .filter((name) => !(wholeScripts as readonly string[]).includes(name))
  .sort()

/**
 * Composes a script from its file: the key names and their layout from src/redis/keys.ts, the includes, and for
 * `decide` the decisions, each as a function of its arguments, in groups, and the group of each.
 */
export function composeScript(name: (typeof wholeScripts)[number]): string {
  const source = readLua(name)
  const groups = [
    ...source.matchAll(/^local function (\w+)\(\)\n(?: {2}--- .+\n)* {2}--- @decisions (.+)$/gm),
  ]
  const groupOf = groups.flatMap(([, group, names]) =>
    (names as string).split(' ').map((decision) => `['${decision}'] = ${group}`),
  )
  return source
    .replace(/^--- @keys$/m, () => `local ${Object.keys(shopKeyNames).join(', ')} = unpack(KEYS)`)
    .replace(/^--- @layout$/m, () => `local known_layout = '${keyLayout}'`)
    .replace(/^ *--- @groups$/m, () => `local group_of = { ${groupOf.join(', ')} }`)
    .replace(/^ *--- @include "(.+)"$/gm, (_, include) => readLua(`includes/${include}`))
    .replace(/^ *--- @decisions (.+)$/gm, (_, names: string) => {
      const functions = names
        .split(' ')
        .map((decision) => `['${decision}'] = function(...)\n${readLua(decision)}\nend,`)
      return `return {\n${functions.join('\n')}\n}`
    })
}

/** The scripts as ioredis takes them: a client that has them gets a method per script, named in camel case. */
export function redisScripts(): Record<string, { lua: string }> {
  return Object.fromEntries(
    wholeScripts.map((name) => [
      name.replace(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase()),
      { lua: composeScript(name) },
    ]),
  )
}

function readLua(path: string): string {
  return readFileSync(join(luaFolder, `${path}.lua`), 'utf8')
}
