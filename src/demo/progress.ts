import { type Books, totalUnits, unitsSold } from './books.ts'

/** Names what is going on now, with a detail that may change while it does. */
export type SetPhase = (phase: string, detail?: () => string) => void

const repaintMs = 200
/** Without a terminal every line stays, so there are few. */
const lineMs = 2_000

export type Progress = {
  setPhase: SetPhase
  /** Adds the counts of these books to every line from now on. */
  follow: (books: Books) => void
  end: () => void
}

/** Shows on standard error what is going on: one line that changes on a terminal, else a line once in a while. */
export function showProgress(): Progress {
  const { stderr } = process
  let text = () => ''
  let books: Books | null = null
  const print = () => {
    const line = `${text()}${books ? ` · ${summary(books)}` : ''}`
    stderr.write(stderr.isTTY ? `\r\x1b[2K${line.slice(0, stderr.columns - 1)}` : `${line}\n`)
  }
  const timer = setInterval(print, stderr.isTTY ? repaintMs : lineMs)
  return {
    setPhase: (phase, detail) => {
      text = () => (detail ? `${phase}: ${detail()}` : phase)
      print()
    },
    follow: (sale) => {
      books = sale
    },
    end: () => {
      clearInterval(timer)
      if (stderr.isTTY) stderr.write('\r\x1b[2K')
    },
  }
}

function summary(books: Books): string {
  const sold = totalUnits(unitsSold(books))
  return `${books.attempted} requests, ${books.claims.size} claimed, ${sold} sold`
}
