import { limits } from '../src/limits.ts'

/** Users whose rows a process has seen committed. */
export type SeenUsers = {
  has(shop: string, userId: string): boolean
  add(shop: string, userIds: Iterable<string>): void
  /** To be called where Postgres may have lost something: its rows must then be seen anew. */
  forget(): void
}

/**
 * Remembers the users that this process has persisted, so that Postgres is asked once for each and not for each of
 * their events, which would be an eighth of its work. It starts over when it is full.
 */
export function openSeenUsers(): SeenUsers {
  const seen = new Map<string, Set<string>>()
  let count = 0
  const forget = () => {
    seen.clear()
    count = 0
  }
  return {
    has: (shop, userId) => seen.get(shop)?.has(userId) ?? false,
    add(shop, userIds) {
      for (const userId of userIds) {
        if (count >= limits.seenUsersMax) forget()
        let ofShop = seen.get(shop)
        if (!ofShop) {
          ofShop = new Set()
          seen.set(shop, ofShop)
        }
        ofShop.add(userId)
        count++
      }
    },
    forget,
  }
}
