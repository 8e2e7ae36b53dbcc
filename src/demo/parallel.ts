/** Visits the items in their order, `width` of them at a time. */
export async function visitInParallel<Item>(
  items: Iterable<Item>,
  width: number,
  visit: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await visit(next.value)
  }
  await Promise.all(Array.from({ length: width }, work))
}
