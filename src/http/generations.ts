export type Generations<Value> = {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

/**
 * A map that forgets: when the newer half of `sizeMax` entries is full, it becomes the older half, and what was the
 * older half is dropped as a whole. Deleting the first key of a full `Map` for each new one would cost three times
 * a signature check, because the map steps over the holes that the deleted keys before it have left.
 */
export function openGenerations<Value>(sizeMax: number): Generations<Value> {
  let newer = new Map<string, Value>()
  let older = new Map<string, Value>()
  return {
    get(key) {
      const value = newer.get(key)
      // Null is a value, e.g. that nothing is known of a key any more, which an older one must not outlive.
      return value === undefined ? older.get(key) : value
    },
    set(key, value) {
      if (newer.size >= sizeMax / 2) {
        older = newer
        newer = new Map()
      }
      newer.set(key, value)
    },
  }
}
