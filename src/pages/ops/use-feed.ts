import { useEffect, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
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
    let isWanted = true
    const address = `/ops/feed?shop=${encodeURIComponent(shop)}`
    function open() {
      feed = new EventSource(address)
      for (const name of ['history', 'moment', 'proof']) {
        feed.addEventListener(name, ({ data }) => {
          const event = JSON.parse(data) as FeedEvent
          change((before) => hear(before, event))
        })
      }
      feed.addEventListener('error', () => {
        change((before) => ({ ...before, isConnected: false }))
        // The browser connects again by itself, but not where something else than a feed was answered.
        if (feed.readyState !== EventSource.CLOSED) return
        timer = setTimeout(open, reopenMs)
        void findRefusal(address).then((refusal) => {
          if (isWanted) change((before) => ({ ...before, refusal }))
        })
      })
    }
    open()
    return () => {
      isWanted = false
      feed.close()
      clearTimeout(timer)
    }
  }, [shop])
  // What was heard of the shop before is not shown under the name of this one, not even for a moment.
  return heard.shop === shop ? heard.watched : nothingHeard
}

/** Why nobody more may listen, which a feed does not tell; empty where that is not the reason. */
async function findRefusal(address: string): Promise<string> {
  const leave = new AbortController()
  try {
    const answer = await fetch(address, { signal: leave.signal })
    if (answer.status !== 429) return ''
    const outcome = await outcomeOf<Response>(Promise.resolve(answer))
    return outcome.ok ? '' : outcome.problem.detail
  } catch {
    return ''
  } finally {
    leave.abort()
  }
}
