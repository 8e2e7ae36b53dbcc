import type { Run } from './run.ts'
import { kindOf } from './schedule.ts'

const violationsShownMax = 10

/** The machine output, as the contract has it. */
export function reportOf({ seed, faults, attempts, violations }: Run) {
  return {
    ok: violations.length === 0,
    seed,
    faults: faults.map(({ fault, at, recoveryMs }) => ({
      kind: kindOf(fault),
      at: new Date(at).toISOString(),
      recoveryMs,
    })),
    requests: countOutcomes(attempts),
    violations: violations.map(({ check, text }) => `${check}: ${text}`),
  }
}

export function countOutcomes(attempts: Run['attempts']) {
  const requests = { ok: 0, refused: 0, unknown: 0 }
  for (const { outcome = 'unknown' } of attempts) requests[outcome] += 1
  return requests
}

const aboutRecovery = [
  'Recovery, in ms, is the time from the beginning of a fault until a request that was sent after it was',
  'accepted by every API process that it touches, and, where it touches the way to Postgres, an event that',
  'was decided after it was stored there.',
].map((line) => `  ${line}`)

/** The tables for a person. */
export function formatRun(run: Run): string {
  const { seed, attempts, namedLosses, violations, history, kept, seconds, faults } = run
  const requests = countOutcomes(attempts)
  const codes = new Map<string, number>()
  for (const { outcome, code, error } of attempts) {
    if (outcome === 'ok') continue
    const name = `${outcome} ${code ?? error ?? ''}`.trim()
    codes.set(name, (codes.get(name) ?? 0) + 1)
  }
  return [
    `seed ${seed}: ${faults.length} faults, ${attempts.length} requests in ${seconds} s`,
    '',
    `  ${'fault'.padEnd(30)}${'count'.padStart(10)}${'median'.padStart(10)}${'max'.padStart(10)}`,
    ...formatFaults(run),
    ...aboutRecovery,
    '',
    ...Object.entries(requests).map(
      ([outcome, count]) => `  ${outcome.padEnd(30)}${String(count).padStart(10)}`,
    ),
    ...[...codes]
      .sort()
      .map(([name, count]) => `    ${name.padEnd(28)}${String(count).padStart(10)}`),
    '',
    ...(namedLosses > 0
      ? [`  ${namedLosses} accepted commands were lost with the hot state, and named.`]
      : []),
    ...violations.slice(0, violationsShownMax).map(({ check, text }) => `  ✗ ${check}: ${text}`),
    ...(violations.length > violationsShownMax
      ? [`  and ${violations.length - violationsShownMax} more`]
      : []),
    ...(history === null
      ? []
      : ['', 'The first one:', history, '', `Logs, journal and data: ${kept}`]),
    violations.length === 0
      ? 'Nothing that was accepted is lost, and nothing has happened twice.'
      : `${violations.length} violations.`,
  ].join('\n')
}

function formatFaults({ faults }: Run): string[] {
  const byKind = new Map<string, (number | null)[]>()
  for (const { fault, recoveryMs } of faults) {
    const kind = kindOf(fault)
    byKind.set(kind, [...(byKind.get(kind) ?? []), recoveryMs])
  }
  return [...byKind].sort().map(([kind, times]) => {
    const known = times.filter((time) => time !== null).sort((one, other) => one - other)
    const median = known[Math.floor((known.length - 1) / 2)] ?? '–'
    const max = times.includes(null) ? 'never' : (known.at(-1) ?? '–')
    const columns = [times.length, median, max].map((value) => String(value).padStart(10))
    return `  ${kind.padEnd(30)}${columns.join('')}`
  })
}
