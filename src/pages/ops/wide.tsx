import type { ComponentChildren } from 'preact'

/** Room for what may be wider than the screen: it is scrolled, by the keyboard too, and not the page. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a stop at it the keyboard could not scroll it.
    <section class="wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
