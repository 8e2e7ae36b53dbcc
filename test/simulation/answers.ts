import type { Facts, Order, Shop } from './model.ts'
import type { Request } from './requests.ts'

/** What the shop must answer. `learn` gets what only the shop can know: the ids and codes that it made. */
export type Answer = {
  code: string
  replayed: boolean
  facts: Facts
  learn?: (made: Facts) => void
}

export function refused(code: string, facts: Facts = {}): Answer {
  return { code, replayed: false, facts }
}

export function done(facts: Facts, learn?: Answer['learn']): Answer {
  return { code: 'ok', replayed: false, facts, ...(learn && { learn }) }
}

export function replayed(facts: Facts): Answer {
  return { code: 'ok', replayed: true, facts }
}

/** Keeps what a key was asked for and answered, and answers it. The id that the shop makes belongs to both. */
export function record(
  shop: Shop,
  request: Request & { key: string },
  first: Facts,
  made?: { of: { id: string }; order?: Order },
): Answer {
  const kept = {
    body: JSON.stringify(request),
    first,
    isForgotten: false,
    ...(made?.order && { order: made.order }),
  }
  shop.records.set(request.key, kept)
  shop.events++
  return done(first, ({ id }) => {
    if (made) made.of.id = id as string
    kept.first = { ...first, id }
  })
}
