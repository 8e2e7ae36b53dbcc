import { median, spread } from './statistics.ts'

/** One line of the result. */
export type Row = {
  name: string
  unit: string
  value: number
  /** The same of the floor, where the row has one. */
  floor: number | null
  /** `value / floor`. */
  ratio: number | null
  budget: number | null
  /** What the budget bounds, and from which side; null where there is no budget. */
  bounds: { what: 'value' | 'ratio'; side: 'most' | 'least' } | null
  met: boolean | null
  /** What the floor is. */
  against: string | null
  /** Smallest and largest of the rounds. */
  spread: { value: [number, number]; floor?: [number, number]; ratio?: [number, number] }
  /** The figures of the rounds, in their order. */
  samples: { values: readonly number[]; floor?: readonly number[] }
  /** What else is worth knowing. */
  details: Record<string, unknown>
  /** Where it belongs in a plot: the line, and how far to the right. */
  point?: Point
}

export type Point = { line: string; x: number; xName: string }

type Samples = {
  name: string
  unit: string
  /** One value per round. */
  values: readonly number[]
  /** The floor's, of the same rounds. */
  floor?: { values: readonly number[]; is: string }
  budget?: { bound: number; what: 'value' | 'ratio'; side?: 'most' | 'least' }
  details?: Record<string, unknown>
  point?: Point
}

/** Makes a row of the medians of its rounds. */
export function rowOf({ name, unit, values, floor, budget, details = {}, point }: Samples): Row {
  const value = median(values)
  const floorValue = floor ? median(floor.values) : null
  const ratio = floorValue === null ? null : value / floorValue
  const { what = 'value', side = 'most', bound = null } = budget ?? {}
  const judged = what === 'ratio' ? ratio : value
  const isMet = (limit: number) =>
    judged !== null && (side === 'most' ? judged <= limit : judged >= limit)
  return {
    name,
    unit,
    value,
    floor: floorValue,
    ratio,
    budget: bound,
    bounds: bound === null ? null : { what, side },
    met: bound === null ? null : isMet(bound),
    against: floor?.is ?? null,
    spread: {
      value: spread(values),
      ...(floor && {
        floor: spread(floor.values),
        ratio: spread(values.map((one, index) => one / (floor.values[index] as number))),
      }),
    },
    samples: { values, ...(floor && { floor: floor.values }) },
    details,
    ...(point && { point }),
  }
}
