import { useEffect, useState } from 'preact/hooks'
import type { FeedEvent } from '../../live/feed.ts'
import type { Moment, Second } from '../../live/moment.ts'

/** What the page has heard of a shop. */
export type Watched = {
  /** Whether moments are coming. */
  isConnected: boolean
  /** The last minutes, one entry per second that was told of. */
  seconds: Second[]
  moment: Moment | null
}

const secondsMax = 300
const nothing: Watched = { isConnected: false, seconds: [], moment: null }

/** Listens to the moments of a shop. The browser connects again by itself. */
export function useFeed(shop: string): Watched {
  const [watched, setWatched] = useState(nothing)
  useEffect(() => {
    setWatched(nothing)
    const feed = new EventSource(`/ops/feed?shop=${encodeURIComponent(shop)}`)
    feed.addEventListener('history', ({ data }) => {
      const { seconds } = JSON.parse(data) as Extract<FeedEvent, { name: 'history' }>
      setWatched((before) => ({
        ...before,
        isConnected: true,
        seconds: merge(before.seconds, seconds),
      }))
    })
    feed.addEventListener('moment', ({ data }) => {
      const { moment } = JSON.parse(data) as Extract<FeedEvent, { name: 'moment' }>
      setWatched((before) => ({
        isConnected: true,
        seconds: merge(before.seconds, moment.seconds),
        moment,
      }))
    })
    feed.addEventListener('error', () => {
      setWatched((before) => ({ ...before, isConnected: false }))
    })
    return () => feed.close()
  }, [shop])
  return watched
}

/** What comes again after a lost connection is there only once. */
function merge(known: Second[], more: Second[]): Second[] {
  const last = known.at(-1)?.atMs ?? 0
  const added = more.filter(({ atMs }) => atMs > last)
  return [...known, ...added].slice(-secondsMax)
}
