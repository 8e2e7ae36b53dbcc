import { useEffect, useState } from 'preact/hooks'
import type { FeedEvent } from '../../live/feed.ts'
import { hear, nothingHeard, type Watched } from './heard.ts'

const reopenMs = 3_000

/** Listens to the moments of a shop. */
export function useFeed(shop: string): Watched {
  const [heard, setHeard] = useState({ shop, watched: nothingHeard })
  useEffect(() => {
    let feed: EventSource
    let timer: ReturnType<typeof setTimeout>
    const change = (next: (before: Watched) => Watched) =>
      setHeard((last) => ({
        shop,
        watched: next(last.shop === shop ? last.watched : nothingHeard),
      }))
    function open() {
      feed = new EventSource(`/ops/feed?shop=${encodeURIComponent(shop)}`)
      for (const name of ['history', 'moment']) {
        feed.addEventListener(name, ({ data }) => {
          const event = JSON.parse(data) as FeedEvent
          change((before) => hear(before, event))
        })
      }
      feed.addEventListener('error', () => {
        change((before) => ({ ...before, isConnected: false }))
        // The browser connects again by itself, but not where something else than a feed was answered.
        if (feed.readyState === EventSource.CLOSED) timer = setTimeout(open, reopenMs)
      })
    }
    open()
    return () => {
      feed.close()
      clearTimeout(timer)
    }
  }, [shop])
  // What was heard of the shop before is not shown under the name of this one, not even for a moment.
  return heard.shop === shop ? heard.watched : nothingHeard
}
