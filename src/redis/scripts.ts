import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shopKeyNames } from './keys.ts'

const luaFolder = join(import.meta.dirname, '../../lua')

/** Files in `lua/` that are whole scripts; every other file there is a decision of the script `decide`. */
const wholeScripts = ['decide', 'open-shop', 'popular-products', 'upgrade-shop'] as const

/** The names of the decisions: what a command may ask for. */
export const decisionNames: readonly string[] = readdirSync(luaFolder)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.slice(0, -'.lua'.length))
  .filter((name) => !(wholeScripts as readonly string[]).includes(name))
  .sort()

/**
 * Composes a script from its file: the key names from src/redis/keys.ts, the includes, and for `decide` all
 * decisions, each as a function of its arguments.
 */
export function composeScript(name: (typeof wholeScripts)[number]): string {
  return readLua(name)
    .replace(/^--- @keys$/m, () => `local ${Object.keys(shopKeyNames).join(', ')} = unpack(KEYS)`)
    .replace(/^--- @include "(.+)"$/gm, (_, include) => readLua(`includes/${include}`))
    .replace(/^--- @decisions$/m, () => {
      const functions = decisionNames.map(
        (decision) => `['${decision}'] = function(...)\n${readLua(decision)}\nend,`,
      )
      return `local decisions = {\n${functions.join('\n')}\n}`
    })
}

/** The scripts as ioredis takes them: a client that has them gets a method per script. */
export function redisScripts() {
  return {
    decide: { lua: composeScript('decide') },
    openShop: { lua: composeScript('open-shop') },
    upgradeShop: { lua: composeScript('upgrade-shop') },
    popularProducts: { lua: composeScript('popular-products') },
  }
}

function readLua(path: string): string {
  return readFileSync(join(luaFolder, `${path}.lua`), 'utf8')
}
