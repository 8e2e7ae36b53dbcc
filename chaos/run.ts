import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createSigner } from 'fast-jwt'
import { visitInParallel } from '../src/demo/parallel.ts'
import { type Books, readBooks } from './books.ts'
import { openCatalog } from './catalog.ts'
import { checkJournal } from './check/check-journal.ts'
import type { Violation } from './check/violation.ts'
import { inject } from './inject.ts'
import { type Attempt, openJournal } from './journal.ts'
import { startLoad } from './load.ts'
import { readNamedLosses, withNamedLosses } from './named-losses.ts'
import { randomOf } from './random.ts'
import { type Injured, openRecovery } from './recovery.ts'
import type { PlannedFault } from './schedule.ts'
import { openSender, type Sender } from './sender.ts'
import { followWatermark, runVerify, waitUntilDrained } from './settle.ts'
import { jwtSecret, openStage, type Stage } from './stage.ts'
import { tellHistory } from './tell-history.ts'

export type RunOptions = {
  seed: number
  plan: readonly PlannedFault[]
  requestsPerSecond: number
  /** The tree whose processes are run. */
  engine: string
  /** What a canary changes in the ground under the engine. */
  unsafe?: {
    prepare(stage: Stage): Promise<() => void>
    beforeRedisStart(folder: string): void
  }
  /** Longest wait for the events to reach Postgres, when everything is mended. */
  drainMs?: number
  /** Whether the folder stays where something was found (the default). */
  keeps?: boolean
  say: (line: string) => void
}

export type Run = {
  seed: number
  faults: Injured[]
  attempts: Attempt[]
  /** Accepted commands that the API processes named as lost with the hot state. */
  namedLosses: number
  violations: Violation[]
  /** The history of the first violation. */
  history: string | null
  /** Where logs, journal and data are, where something was found. */
  kept: string | null
  seconds: number
}

/** Longest wait, when everything is mended, for what the faults broke. */
const recoveryMs = 180_000
/** The load goes on for so long after the last fault. */
const calmMs = 2_000
/** Accepted operations that are sent again at the end. */
const repeatsMax = 150
const repeatsAtOnce = 10

/** Breaks an engine under load as the plan says, mends it, and holds the clients' journal against its books. */
export async function runChaos(options: RunOptions): Promise<Run> {
  const { seed, plan, requestsPerSecond, engine, unsafe, keeps = true } = options
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000)
  const say = (line: string) => options.say(`${String(seconds()).padStart(4)} s  ${line}`)
  const linkRandom = randomOf(seed, 'links')
  say('starting Redis, Postgres, two API and two worker processes')
  const stage = await openStage({
    engine,
    allowUnsafeRedis: unsafe !== undefined,
    beforeRedisStart: unsafe?.beforeRedisStart,
    random: linkRandom.share,
  })
  try {
    const catalog = await openCatalog(stage.apiUrl('api-1'), adminToken())
    const endUnsafe = await unsafe?.prepare(stage)
    const journal = await openJournal(join(stage.folder, 'journal.jsonl'))
    const recovery = openRecovery()
    const sender = openSender(stage, journal, recovery.answered)
    const watermark = followWatermark(stage, recovery.persisted)

    say(`${requestsPerSecond} requests/s, ${plan.length} faults`)
    const load = startLoad({ seed, requestsPerSecond, catalog, sender })
    await breakAsPlanned(stage, plan, recovery.begin)
    await wait(calmMs)
    say('everything is mended; waiting for what it broke')
    const late = await waitForRecovery(stage, recovery.missing)
    await load.end()
    await repeatSome(seed, sender, journal.attempts)
    const left = await waitUntilDrained(stage, options.drainMs)
    if (left !== null) late.push({ check: 'drain', text: left })
    endUnsafe?.()
    await watermark.end()
    sender.close()
    await journal.close()

    say('checking the books')
    const verified = await runVerify(stage)
    const books = await readBooks(stage.postgres.url())
    const mayLose = plan.some(({ fault }) => fault.type === 'flushall')
    const losses = mayLose ? readNamedLosses(stage.logs) : []
    const known = withNamedLosses(journal.attempts, losses)
    // What is lost comes before what is only late, because the history of the first one is told.
    const violations = [...checkJournal(known, books), ...offOf(verified), ...late]
    const isKept = keeps && violations.length > 0
    if (isKept) stage.keep()
    return {
      seed,
      faults: recovery.faults,
      attempts: journal.attempts,
      namedLosses: losses.length,
      violations,
      history: await historyOf(violations[0], { stage, books, journal, recovery }),
      kept: isKept ? stage.folder : null,
      seconds: seconds(),
    }
  } catch (error) {
    stage.keep()
    throw new Error(`The run did not come to its end; see ${stage.folder}`, { cause: error })
  } finally {
    await stage.close()
  }
}

function adminToken(): string {
  const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })
  return sign({ sub: 'operator', role: 'admin' })
}

/** Every fault begins at its time, however long those before it last. */
async function breakAsPlanned(
  stage: Stage,
  plan: readonly PlannedFault[],
  begin: (fault: PlannedFault['fault']) => void,
): Promise<void> {
  const startedAt = performance.now()
  const underWay: Promise<void>[] = []
  for (const { at, fault } of plan) {
    await wait(Math.max(0, startedAt + at - performance.now()))
    underWay.push(inject(stage, fault, () => begin(fault)))
  }
  await Promise.all(underWay)
}

async function waitForRecovery(stage: Stage, missing: () => string[]): Promise<Violation[]> {
  const deadline = performance.now() + recoveryMs
  while (missing().length > 0 && performance.now() < deadline) await wait(50)
  const unready = await stage.findUnready()
  return [
    ...[...new Set(missing())].map((path) => `${path} are not back in ${recoveryMs} ms`),
    ...(unready === null ? [] : [`not ready: ${unready}`]),
  ].map((text) => ({ check: 'recovery', text }))
}

/** What was accepted is still answered as it was, whatever happened since. */
async function repeatSome(seed: number, sender: Sender, attempts: Attempt[]): Promise<void> {
  const random = randomOf(seed, 'repeats')
  const kinds = ['charge', 'claim', 'order', 'refund', 'adjustment']
  const accepted = attempts.filter(
    ({ outcome, intent }) => outcome === 'ok' && kinds.includes(intent.kind),
  )
  const chosen = Array.from({ length: Math.min(repeatsMax, accepted.length) }, () =>
    random.pick(accepted),
  )
  await visitInParallel(chosen, repeatsAtOnce, ({ intent }) => sender.repeat(intent, random))
}

function offOf({ checks, backlog }: Awaited<ReturnType<typeof runVerify>>): Violation[] {
  const off = checks
    .filter(({ ok }) => !ok)
    .map(({ name, off: rows }) => ({
      check: 'verify',
      text: `${name}: ${JSON.stringify(rows).slice(0, 1_000)}`,
    }))
  return backlog > 0 ? [...off, { check: 'verify', text: `${backlog} events wait` }] : off
}

async function historyOf(
  violation: Violation | undefined,
  found: {
    stage: Stage
    books: Books
    journal: { attempts: Attempt[] }
    recovery: { faults: Injured[] }
  },
): Promise<string | null> {
  if (!violation) return null
  const { stage, books, journal, recovery } = found
  const { attempts } = journal
  return tellHistory(violation, { stage, books, attempts, faults: recovery.faults })
}
