import { formatLeft } from './amounts.ts'

/** A time that is left. It is no live region: nobody wants to hear each second. */
export function Countdown({ label, leftMs }: { label: string; leftMs: number }) {
  return (
    <p class="countdown" role="timer" aria-label={label}>
      <span class="label">{label}</span>
      <span class="left">{formatLeft(leftMs)}</span>
    </p>
  )
}
