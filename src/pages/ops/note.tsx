import type { Note } from './use-action.ts'

/** Says what came of an action, also to those who do not see it. */
export function NoteLine({ note }: { note: Note | null }) {
  return (
    <p class={`note ${note?.isGood ? 'good' : 'bad'}`} role="status">
      {note?.text}
    </p>
  )
}
