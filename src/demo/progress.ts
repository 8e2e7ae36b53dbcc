import { openStatusLine } from '../telemetry/status-line.ts'
import { type Books, totalUnits, unitsSold } from './books.ts'

/** Names what is going on now, with a detail that may change while it does. */
export type SetPhase = (phase: string, detail?: () => string) => void

export type Progress = {
  setPhase: SetPhase
  /** Adds the counts of these books to every line from now on. */
  follow: (books: Books) => void
  end: () => void
}

/** Shows what the demo is at. */
export function showProgress(): Progress {
  const line = openStatusLine({ isTerminalOnly: false })
  let books: Books | null = null
  return {
    setPhase: (phase, detail) => {
      line.set(() => {
        const text = detail ? `${phase}: ${detail()}` : phase
        return books ? `${text} · ${summary(books)}` : text
      })
    },
    follow: (sale) => {
      books = sale
    },
    end: line.end,
  }
}

function summary(books: Books): string {
  const sold = totalUnits(unitsSold(books))
  return `${books.attempted} requests, ${books.claims.size} claimed, ${sold} sold`
}
