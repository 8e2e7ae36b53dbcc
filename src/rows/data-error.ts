import { MissingRows } from './bulk-update.ts'

/** Is it this data, and would be refused again? Class 22 is bad data, 23 a broken constraint, 54000 too long a key. */
export function isDataError(error: unknown): boolean {
  if (error instanceof MissingRows) return true
  if (!(error instanceof Error) || !('code' in error)) return false
  return /^(22|23)...$|^54000$/.test(String(error.code))
}
