/** What the fields of the forms have in common. */

/** An amount, or a percentage, as people type it: no signs between thousands, because a comma may be either. */
export const moneyField = {
  required: true,
  inputMode: 'decimal',
  pattern: '\\d+([.,]\\d{1,2})?',
  title: 'A number with at most two decimals, e.g. 1250.00',
} as const

export const timeField = { type: 'datetime-local', step: 1 } as const

/** The trimmed texts of a form by the names of its fields. */
export function textsOf(form: HTMLFormElement): (name: string) => string {
  const fields = new FormData(form)
  return (name) => String(fields.get(name)).trim()
}

/** The texts of those fields that are not as they were when the form was shown. */
export function changedTexts(form: HTMLFormElement): Map<string, string> {
  const inputs = [...form.elements].filter((one) => one instanceof HTMLInputElement)
  return new Map(
    inputs
      .filter(({ value, defaultValue }) => value !== defaultValue)
      .map(({ name, value }) => [name, value.trim()]),
  )
}

/** What a field for money holds, in hundredths. */
export const parseMoney = (text: string) => Math.round(Number(text.replace(',', '.')) * 100)

/** Hundredths as a field for money holds them. */
export const fieldOfMoney = (hundredths: number) => (hundredths / 100).toFixed(2)

/** What a field for date and time holds, as the API takes it; undefined where it is empty. */
export const isoOfField = (text: string) => (text === '' ? undefined : new Date(text).toISOString())

/** A time as a field for date and time holds it: by the clock on the wall. */
export function fieldOfTime(atMs: number | undefined): string {
  if (atMs === undefined) return ''
  const offsetMs = new Date(atMs).getTimezoneOffset() * 60_000
  return new Date(atMs - offsetMs).toISOString().slice(0, 19)
}
