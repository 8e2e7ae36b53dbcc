import { useState } from 'preact/hooks'
import type { Outcome } from '../../client/client.ts'

/** What came of the last thing that an operator asked for. */
export type Note = { text: string; isGood: boolean }

export type Action = {
  isBusy: boolean
  note: Note | null
  /** Waits for an answer and says what came of it. Gives the body of a success, else null. */
  send<Body>(call: Promise<Outcome<Body>>, done: string): Promise<Body | null>
}

export function useAction(): Action {
  const [isBusy, setBusy] = useState(false)
  const [note, setNote] = useState<Note | null>(null)
  return {
    isBusy,
    note,
    async send(call, done) {
      setBusy(true)
      setNote(null)
      try {
        const outcome = await call
        if (outcome.ok) {
          setNote({ text: done, isGood: true })
          return outcome.body
        }
        const { code, detail, errors = [] } = outcome.problem
        const fields = errors.map(({ path, message }) => ` ${path}: ${message}.`).join('')
        setNote({ text: `${detail}${fields} (${code})`, isGood: false })
      } catch (error) {
        setNote({
          text: `No answer: ${error instanceof Error ? error.message : error}`,
          isGood: false,
        })
      } finally {
        setBusy(false)
      }
      return null
    },
  }
}
