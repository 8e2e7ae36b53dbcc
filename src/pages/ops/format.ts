const whole = new Intl.NumberFormat('en')

export const formatCount = (count: number) => whole.format(count)

export function formatMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** `sold_out` as words. */
export const formatStatus = (status: string) => status.toLowerCase().replaceAll(/[_-]/g, ' ')

export function formatTime(at: string | number | null): string {
  return at === null ? '–' : new Date(at).toLocaleString()
}
