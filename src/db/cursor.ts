/** One page of a list: `nextCursor` is null on the last page. */
export type Page<Item> = { items: Item[]; nextCursor: string | null }

/** The cursor that makes the next page start after `key`. Opaque, so that a list may change its key. */
export function encodeCursor(key: string): string {
  return Buffer.from(key).toString('base64url')
}

/** @returns the key of a cursor, or null where the text is not a cursor of a list with such keys. */
export function decodeCursor(cursor: string, keyPattern: RegExp): string | null {
  const key = Buffer.from(cursor, 'base64url').toString()
  return keyPattern.test(key) && encodeCursor(key) === cursor ? key : null
}

/**
 * The filter for the rows of a history before a cursor. An event changes one thing once, so its number alone is the
 * key.
 *
 * @returns an empty filter without a cursor, null where the cursor is none of such a list.
 */
export function decodeEventCursor(
  cursor: string | undefined,
): { eventId?: { $lt: string } } | null {
  if (cursor === undefined) return {}
  const eventId = decodeCursor(cursor, /^\d{1,18}$|^[1-8]\d{18}$/)
  return eventId === null ? null : { eventId: { $lt: eventId } }
}

/** Cuts a page from rows that were read with one more than the limit, to learn whether there is a next page. */
export function cutPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  list: { keyOf: (row: Row) => string; itemOf: (row: Row) => Item },
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(list.itemOf),
    nextCursor: last !== undefined && rows.length > limit ? encodeCursor(list.keyOf(last)) : null,
  }
}
