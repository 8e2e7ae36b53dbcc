import type { LinkFault } from './link.ts'
import { type ChaosRandom, randomOf } from './random.ts'
import {
  type ApiName,
  apiNames,
  type LinkName,
  linkNames,
  type ProcessName,
  type WorkerName,
  workerNames,
} from './stage.ts'

/** One thing that goes wrong, and for how long. */
export type Fault =
  | { type: 'kill'; target: ProcessName | 'redis' | 'postgres' }
  | { type: 'freeze'; target: ProcessName | 'redis' | 'postgres'; forMs: number }
  | { type: 'restart'; target: ProcessName }
  | { type: 'down'; target: 'postgres'; forMs: number }
  | { type: 'link'; link: LinkName; fault: LinkFault; forMs: number }
  | { type: 'queue-lost' }
  | { type: 'flushall' }

/** `at` counts in ms from the beginning of the load. */
export type PlannedFault = { at: number; fault: Fault }

/** Which kinds there are, and how often each is drawn among the others. */
const weights = {
  'kill-api': 10,
  'kill-worker': 10,
  'kill-redis': 12,
  'kill-postgres': 10,
  'freeze-api': 4,
  'freeze-worker': 6,
  'freeze-redis': 4,
  'freeze-postgres': 4,
  'restart-api': 5,
  'restart-worker': 5,
  link: 36,
  'postgres-down': 2,
  'queue-lost': 5,
  flushall: 15,
}
type Draw = keyof typeof weights

/** Kinds that a run must be asked for, because what they take away may be lost, as long as it is named. */
const optional: readonly Draw[] = ['flushall']
export type Optional = 'flushall'

/** The first fault comes when the sale is in full swing. */
const calmMs = 1_500
const gapMs = { low: 1_000, high: 4_000 }
/** Share of the moments in which several things go wrong at once. */
const togetherShare = 0.15

/** The faults of a seed: the same ones at the same times whenever it is asked for. */
export function planFaults(
  seed: number,
  options: { count: number; postgresDownMs: number; including?: readonly Optional[] },
): PlannedFault[] {
  const { count, postgresDownMs, including = [] } = options
  const random = randomOf(seed, 'faults')
  const plan: PlannedFault[] = []
  let at = calmMs
  while (plan.length < count) {
    const together = random.chance(togetherShare) ? random.between(2, 3) : 1
    for (let number = 0; number < together && plan.length < count; number += 1) {
      plan.push({ at, fault: drawFault(random, postgresDownMs, including) })
    }
    at += random.between(gapMs.low, gapMs.high)
  }
  return plan
}

function drawFault(random: ChaosRandom, postgresDownMs: number, including: readonly Draw[]): Fault {
  const api = () => random.pick(apiNames)
  const worker = () => random.pick(workerNames)
  const freeze = (target: ApiName | WorkerName | 'redis' | 'postgres'): Fault => ({
    ...{ type: 'freeze', target },
    forMs: random.between(500, 4_000),
  })
  const draws: Record<Draw, () => Fault> = {
    'kill-api': () => ({ type: 'kill', target: api() }),
    'kill-worker': () => ({ type: 'kill', target: worker() }),
    'kill-redis': () => ({ type: 'kill', target: 'redis' }),
    'kill-postgres': () => ({ type: 'kill', target: 'postgres' }),
    'freeze-api': () => freeze(api()),
    'freeze-worker': () => freeze(worker()),
    'freeze-redis': () => freeze('redis'),
    'freeze-postgres': () => freeze('postgres'),
    'restart-api': () => ({ type: 'restart', target: api() }),
    'restart-worker': () => ({ type: 'restart', target: worker() }),
    link: () => drawLinkFault(random),
    'postgres-down': () => ({ type: 'down', target: 'postgres', forMs: postgresDownMs }),
    'queue-lost': () => ({ type: 'queue-lost' }),
    flushall: () => ({ type: 'flushall' }),
  }
  const kinds = (Object.keys(weights) as Draw[]).filter(
    (kind) => !optional.includes(kind) || including.includes(kind),
  )
  let left = random.share() * kinds.reduce((sum, kind) => sum + weights[kind], 0)
  const drawn = kinds.find((kind) => {
    left -= weights[kind]
    return left <= 0
  })
  return draws[drawn ?? 'link']()
}

function drawLinkFault(random: ChaosRandom): Fault {
  const link = random.pick(linkNames)
  const fault: LinkFault = random.pick([
    { mode: 'cut' },
    { mode: 'reset' },
    { mode: 'delay', delayMs: 100, jitterMs: 200 },
    { mode: 'black-hole', endsWithReset: random.chance(0.5) },
    // A transaction is some statements long: the answer to its COMMIT must be among the lost ones.
    { mode: 'answer-lost', after: random.between(0, link.startsWith('client') ? 2 : 12) },
  ] as const)
  const forMs = fault.mode === 'reset' ? 0 : random.between(300, 4_000)
  return { type: 'link', link, fault, forMs }
}

/** The kind by which faults are counted, e.g. `kill redis` or `black-hole worker>postgres`. */
export function kindOf(fault: Fault): string {
  const classOf = (name: string) => name.replaceAll(/-\d/g, '')
  if (fault.type === 'link') return `${fault.fault.mode} ${classOf(fault.link)}`
  return 'target' in fault ? `${fault.type} ${classOf(fault.target)}` : fault.type
}

/** One fault in words, for the history of a violation. */
export function describeFault(fault: Fault): string {
  const forMs = 'forMs' in fault && fault.forMs > 0 ? ` for ${fault.forMs} ms` : ''
  if (fault.type === 'link') return `${JSON.stringify(fault.fault)} ${fault.link}${forMs}`
  return 'target' in fault ? `${fault.type} ${fault.target}${forMs}` : fault.type
}
