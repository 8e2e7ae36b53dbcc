/** Makes something once, for all who ask for it, and again for the next one where that failed. */
export function remembered<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let making: Promise<Value> | null = null
  return () => {
    making ??= make().catch((error) => {
      making = null
      throw error
    })
    return making
  }
}
