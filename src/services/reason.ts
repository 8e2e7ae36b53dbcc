/**
 * What an error says, for people. Errors of a connection say it in their cause, or once for each address that a name
 * stands for.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  const { message, cause } = error
  if (!(error instanceof TypeError && cause instanceof Error)) return message
  return `${message}: ${cause.message || (cause as NodeJS.ErrnoException).code}`
}
