import { registerHooks } from 'node:module'

/** What a source file of the engine says, and what it says instead, by the end of the file's path. */
export type SourceChanges = Record<string, [from: string, to: string]>

/**
 * Imported before anything else, it makes a process run the engine with changes: one that dies or stops at a point of
 * its work, or one of another release.
 */
const changes = JSON.parse(process.env.SOURCE_CHANGES ?? '{}') as SourceChanges

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const change = Object.entries(changes).find(([file]) => url.endsWith(file))?.[1]
    if (!change) return loaded
    const source = String(loaded.source)
    if (!source.includes(change[0])) throw new Error(`${url} does not say ${change[0]}`)
    return { ...loaded, source: source.replace(...change) }
  },
})
