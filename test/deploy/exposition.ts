/** What `/metrics` tells: each metric by every name that a query may call it, with the labels of its samples. */
export type Exposition = Map<string, Set<string>>

const suffixes: Record<string, string[]> = { histogram: ['_bucket', '_sum', '_count'] }

/** Reads texts of several processes together. */
export function readExposition(texts: string[]): Exposition {
  const found: Exposition = new Map()
  for (const line of texts.join('\n').split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name && type) {
      for (const suffix of suffixes[type] ?? ['']) {
        const known = `${name}${suffix}`
        found.set(known, found.get(known) ?? new Set())
      }
    }
    const [, sample, labels = ''] = /^([a-z]\w*)(?:\{(.+)\})? \S+$/.exec(line) ?? []
    if (!sample) continue
    for (const [, label] of labels.matchAll(/(\w+)="/g)) found.get(sample)?.add(label as string)
  }
  return found
}

/** The names of the metrics, as their families are called. */
export function familiesOf(texts: string[]): string[] {
  const lines = texts.join('\n').matchAll(/^# TYPE (\S+) /gm)
  return [...new Set([...lines].map(([, name]) => name as string))]
}
