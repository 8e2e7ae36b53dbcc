const whole = new Intl.NumberFormat('en')

export const formatCount = (count: number) => whole.format(count)

/** What a person types as an amount, in minor units; NaN where it is none. */
export const parseMoney = (text: string) =>
  text.trim() === '' ? Number.NaN : Math.round(Number(text.replace(',', '.')) * 100)

export function formatMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** `sold_out` as words. */
export const formatStatus = (status: string) => status.toLowerCase().replaceAll(/[_-]/g, ' ')

export function formatTime(at: string | number | null): string {
  return at === null ? '–' : new Date(at).toLocaleString()
}

/** What a field for date and time holds, as the API takes it; undefined where it is empty. */
export const isoOfField = (value: string) =>
  value === '' ? undefined : new Date(value).toISOString()
