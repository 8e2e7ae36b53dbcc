import { useState } from 'preact/hooks'
import type { Outcome } from '../../client/client.ts'
import type { ProblemBody } from '../../http/problem.ts'

/** What came of the last thing that an operator asked for. */
export type Note = { text: string; isGood: boolean }

export type Action = {
  isBusy: boolean
  note: Note | null
  /** Says that something has succeeded. */
  tell(text: string): void
  /** Waits for an answer and says what came of it. Gives the body of a success, else null. */
  send<Body>(
    call: Promise<Outcome<Body>>,
    done: string | ((body: Body) => string),
  ): Promise<Body | null>
}

export function useAction(): Action {
  const [isBusy, setBusy] = useState(false)
  const [note, setNote] = useState<Note | null>(null)
  return {
    isBusy,
    note,
    tell: (text) => setNote({ text, isGood: true }),
    async send(call, done) {
      setBusy(true)
      setNote(null)
      try {
        const outcome = await call
        if (outcome.ok) {
          setNote({
            text: typeof done === 'string' ? done : done(outcome.body),
            isGood: true,
          })
          return outcome.body
        }
        setNote({ text: describeProblem(outcome.problem), isGood: false })
      } catch (error) {
        setNote({ text: describeSilence(error), isGood: false })
      } finally {
        setBusy(false)
      }
      return null
    },
  }
}

/** A refusal in words, with the fields that are wrong and its code. */
export function describeProblem({ code, detail, errors = [] }: ProblemBody): string {
  const fields = errors.map(({ path, message }) => ` ${path}: ${message}.`).join('')
  return `${detail}${fields} (${code})`
}

/** What it means that there was no answer. */
export function describeSilence(error: unknown): string {
  const why = error instanceof Error ? error.message : error
  return `No answer (${why}). It may or may not have happened: look before you repeat it.`
}
