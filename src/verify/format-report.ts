import type { Discrepancy } from './check.ts'
import type { VerifyReport } from './verify.ts'

/** The report for people: one aligned line per check, and below it what is off. */
export function formatReport({ ok, checks, backlog, dropped, epoch }: VerifyReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap((check) => {
    const verdict = check.ok ? 'ok ' : 'OFF'
    const counted = `${check.checked} facts`
    const line = `${verdict}  ${check.name.padEnd(width)}  ${counted.padStart(14)}`
    const more = check.offCount - check.off.length
    return [
      check.ok ? line : `${line}, ${check.offCount} off`,
      ...check.off.map(describe),
      ...(more > 0 ? [`       and ${more} more`] : []),
    ]
  })
  const books = ok ? 'The books balance.' : 'The books do not balance.'
  const without =
    dropped > 0 ? ` They are without ${dropped} accepted events that an operator dropped.` : ''
  const rest = `Epoch ${epoch}, ${backlog} events on their way to Postgres.`
  return `${lines.join('\n')}\n\n${books}${without} ${rest}`
}

function describe({ row, fact, actual, expected }: Discrepancy): string {
  return `       ${row}: ${fact}: ${actual ?? 'none'}, expected ${expected ?? 'none'}`
}
